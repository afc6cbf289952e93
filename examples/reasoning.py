"""A model that thinks first: how much, what is shown meanwhile, and who hears its thoughts again.

With OPENAI_API_KEY and ANTHROPIC_API_KEY it talks to them; without, to a fake server in this process.
"""

import os
from typing import Any

from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint

REAL = "OPENAI_API_KEY" in os.environ and "ANTHROPIC_API_KEY" in os.environ
SCRIPT = (Answer(text="42.", reasoning="Six times seven.", signature="c2lnbmVk"), Answer(text="Quite sure."))


def endpoint(provider: str, model: str, url: str) -> AIModelEndpoint:
    fake: dict[str, Any] = {} if REAL else {"api_key": "none", "config": {"base_url": url}}
    return AIModelEndpoint(api=AIModelAPI(provider=provider, **fake), ai_model=AIModel(model_name=model))


with (
    FakeServer(*SCRIPT, strict=True) as server,
    AIModelClient(endpoint("anthropic", "claude-haiku-4-5", server.url)) as claude,
    AIModelClient(endpoint("openai", "gpt-5.4-mini", f"{server.url}/v1")) as gpt,
):
    answers = []
    for chunk, final in claude.generate("What is 6 x 7?", max_reasoning_tokens=2_000, streaming=True).stream_generator:
        answers += [final] if final else []
        for choice in chunk.data.choice_deltas if chunk else ():
            for piece in choice.content_deltas:
                if piece.type == "reasoning" and piece.reasoning_delta:
                    print(f"[{piece.reasoning_delta}]", end="", flush=True)
                elif piece.type == "text":
                    print(piece.text_delta, end="", flush=True)
    print()
    history: list[Any] = ["What is 6 x 7?", *answers, "Are you sure?"]
    for name, client in (("claude", claude), ("gpt", gpt)):
        print(name, [(part.kind, part.fate) for part in client.plan(messages=history).parts])
    second = gpt.generate(messages=history, reasoning=False).chat_response
    print(second.text, [warning.message for warning in second.warnings])
