"""A long text that is cached by the provider, a conversation kept short, and why a cache was missed.

With ANTHROPIC_API_KEY it asks Claude; without, a fake server in this process.
"""

import os
from typing import Any

from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer, FakeUsage
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint, ContextPolicy, Prompt

BOOK = Prompt(text="Once upon a time. " * 2_000, cache="short")
SCRIPT = (
    Answer(text="A tale.", usage=FakeUsage(input=9, cache_write=8_000)),
    Answer(text="Nobody.", usage=FakeUsage(input=9, cache_read=8_000)),
    Answer(text="Never.", usage=FakeUsage(input=9)),
)

with FakeServer(*SCRIPT) as server:
    real = "ANTHROPIC_API_KEY" in os.environ
    fake: dict[str, Any] = {} if real else {"api_key": "none", "config": {"base_url": server.url}}
    endpoint = AIModelEndpoint(
        api=AIModelAPI(provider="anthropic", **fake), ai_model=AIModel(model_name="claude-haiku-4-5")
    )
    with AIModelClient(endpoint) as client:
        talk = client.conversation("You are brief.")
        talk.ask(BOOK, "What is this?", context_policy=ContextPolicy(max_input_tokens=50_000))
        talk.ask("Who is in it?")
        print(talk.explain_cache())
        talk.instructions = ("You are very brief.",)
        talk.ask("How does it end?")
        print(talk.explain_cache())
