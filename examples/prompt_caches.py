"""Prompt caching: a long text is cached by the provider, and a later call explains why the cache was not used.

Run it: python examples/prompt_caches.py. Uses Anthropic if ANTHROPIC_API_KEY is set, otherwise a fake server.
"""

import os
from typing import Any

from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer, FakeUsage
from dhenara.ai.types import ContextPolicy, Prompt

BOOK = Prompt(text="Once upon a time. " * 2_000, cache="short")


def main(**options: Any) -> None:
    with AIModelClient("anthropic/claude-sonnet-5", **options) as client:
        conversation = client.conversation(system="Be brief.")
        conversation.ask(BOOK, "What is this?", context_policy=ContextPolicy(max_input_tokens=50_000))
        conversation.ask("Who is in it?")
        print(conversation.explain_cache())
        conversation.instructions = ("Be very brief.",)
        conversation.ask("How does it end?")
        print(conversation.explain_cache())


if "ANTHROPIC_API_KEY" in os.environ:
    main()
else:
    replies = (
        Answer(text="A tale.", usage=FakeUsage(input=9, cache_write=8_000)),
        Answer(text="Nobody.", usage=FakeUsage(input=9, cache_read=8_000)),
        Answer(text="It does not end.", usage=FakeUsage(input=9)),
    )
    with FakeServer(*replies) as server:
        main(api_key="none", base_url=server.url)
