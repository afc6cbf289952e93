"""Stream reasoning and answer separately, then continue with another model.

Run it: python examples/reasoning.py. Uses OpenAI and Anthropic if OPENAI_API_KEY and ANTHROPIC_API_KEY are set,
otherwise a fake server.
"""

import os
from typing import Any

from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import AIModelEndpoint


def main(claude_model: str | AIModelEndpoint, gpt_model: str | AIModelEndpoint) -> None:
    with AIModelClient(claude_model) as claude, AIModelClient(gpt_model) as gpt:
        stream = claude.generate("What is 6 x 7?", max_reasoning_tokens=2_000, streaming=True).stream_generator
        for chunk, _ in stream:
            for choice in chunk.data.choice_deltas if chunk else ():
                for piece in choice.content_deltas:
                    if piece.type == "reasoning" and piece.reasoning_delta:
                        print(f"[{piece.reasoning_delta}]", end="", flush=True)
                    elif piece.type == "text":
                        print(piece.text_delta, end="", flush=True)
        first = stream.response
        print()
        messages: list[Any] = ["What is 6 x 7?", first, "Are you sure?"]
        print([(part.kind, part.outcome) for part in gpt.plan(messages=messages).parts])
        second = gpt.generate(messages=messages, reasoning=False)
        print(second.text, [warning.message for warning in second.warnings])


CLAUDE, GPT = "anthropic/claude-haiku-4-5", "openai/gpt-5.4-mini"

if {"OPENAI_API_KEY", "ANTHROPIC_API_KEY"} <= os.environ.keys():
    main(CLAUDE, GPT)
else:
    replies = (Answer(text="42.", reasoning="Six times seven.", signature="c2lnbmVk"), Answer(text="Yes."))
    with FakeServer(*replies) as server:
        main(
            AIModelEndpoint.of(CLAUDE, api_key="none", base_url=server.url),
            AIModelEndpoint.of(GPT, api_key="none", base_url=f"{server.url}/v1"),
        )
