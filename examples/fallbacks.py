"""Use another provider when the first one fails.

Run it: python examples/fallbacks.py. Uses OpenAI and Anthropic if OPENAI_API_KEY and ANTHROPIC_API_KEY are set,
otherwise two fake servers, of which the first fails.
"""

import os

from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer, Refusal
from dhenara.ai.types import AIModelEndpoint


def main(first: str | AIModelEndpoint, second: str | AIModelEndpoint) -> None:
    with AIModelClient(first, fallbacks=[second]) as client:
        response = client.generate("Say hello.", retries=0)
    print(response.text)
    for attempt in response.attempts:
        print(attempt.provider, attempt.model, attempt.outcome, attempt.error or "")
    for warning in response.warnings:
        print("warning:", warning.message)


GPT, CLAUDE = "openai/gpt-5.4-mini", "anthropic/claude-sonnet-5"

if {"OPENAI_API_KEY", "ANTHROPIC_API_KEY"} <= os.environ.keys():
    main(GPT, CLAUDE)
else:
    with FakeServer(Refusal(503, "down for maintenance")) as down, FakeServer(Answer(text="Hello!")) as up:
        main(
            AIModelEndpoint.of(GPT, api_key="none", base_url=f"{down.url}/v1"),
            AIModelEndpoint.of(CLAUDE, api_key="none", base_url=up.url),
        )
