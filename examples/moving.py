"""Continue a conversation with another model: a plan before the call, and warnings after it.

Run it: python examples/moving.py. Uses OpenAI and Anthropic if OPENAI_API_KEY and ANTHROPIC_API_KEY are set,
otherwise a fake server.
"""

import os

from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import AIModelEndpoint


def main(claude_model: str | AIModelEndpoint, gpt_model: str | AIModelEndpoint) -> None:
    with AIModelClient(claude_model) as claude, AIModelClient(gpt_model) as gpt:
        first = claude.generate("What is 6 x 7?", reasoning=True)
        messages = ("What is 6 x 7?", first, "Are you sure?")
        for part in gpt.plan(messages=messages).parts:
            print(f"{part.kind:10} {part.outcome:12} {part.reason or ''}")
        second = gpt.generate(messages=messages)
        print(second.text)
        for warning in second.warnings:
            print(f"warning: {warning.message}")


CLAUDE, GPT = "anthropic/claude-sonnet-5", "openai/gpt-5.4-mini"

if {"OPENAI_API_KEY", "ANTHROPIC_API_KEY"} <= os.environ.keys():
    main(CLAUDE, GPT)
else:
    with FakeServer(Answer(text="42.", reasoning="Six times seven."), Answer(text="Yes.")) as server:
        main(
            AIModelEndpoint.of(CLAUDE, api_key="none", base_url=server.url),
            AIModelEndpoint.of(GPT, api_key="none", base_url=f"{server.url}/v1"),
        )
