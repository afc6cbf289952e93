"""What becomes of a conversation when another model goes on with it: asked beforehand, and reported afterwards.

With OPENAI_API_KEY and ANTHROPIC_API_KEY it talks to them; without, to a fake server in this process.
"""

import os
from typing import Any

from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint

REAL = "OPENAI_API_KEY" in os.environ and "ANTHROPIC_API_KEY" in os.environ
SCRIPT = (Answer(text="42.", reasoning="Six times seven."), Answer(text="Quite sure."))


def endpoint(provider: str, model: str, url: str) -> AIModelEndpoint:
    fake: dict[str, Any] = {} if REAL else {"api_key": "none", "config": {"base_url": url}}
    return AIModelEndpoint(api=AIModelAPI(provider=provider, **fake), ai_model=AIModel(model_name=model))


with (
    FakeServer(*SCRIPT, strict=True) as server,
    AIModelClient(endpoint("anthropic", "claude-haiku-4-5", server.url)) as claude,
    AIModelClient(endpoint("openai", "gpt-5.4-mini", f"{server.url}/v1")) as gpt,
):
    first = claude.generate("What is 6 x 7?", reasoning=True)
    history = ("What is 6 x 7?", first, "Are you sure?")
    for part in gpt.plan(messages=history).parts:
        print(f"{part.kind:10} {part.fate:12} {part.reason or ''}")
    second = gpt.generate(messages=history)
    print(second.text)
    for warning in second.warnings:
        print(f"warning: {warning.message}")
