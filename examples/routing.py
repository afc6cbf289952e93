"""Send calls to the best of several deployments.

Run it: python examples/routing.py. Uses OpenAI and Anthropic if OPENAI_API_KEY and ANTHROPIC_API_KEY are set,
otherwise two fake servers, of which the first asks for a pause of 30 seconds.
"""

import os

from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer, Refusal
from dhenara.ai.types import AIModelEndpoint


def main(first: str | AIModelEndpoint, second: str | AIModelEndpoint) -> None:
    with AIModelClient.routed({"name": "smart", "groups": [first, second]}) as client:
        for number in range(3):
            response = client.generate("Say hello.")
            tried = ", ".join(f"{one.deployment} {one.outcome}" for one in response.attempts)
            print(f"{number}: {response.text} ({tried})")
        print(client.explain_route("Say hello."))


GPT, CLAUDE = "openai/gpt-5.4-mini", "anthropic/claude-sonnet-5"

if {"OPENAI_API_KEY", "ANTHROPIC_API_KEY"} <= os.environ.keys():
    main(GPT, CLAUDE)
else:
    limited = Refusal(429, "slow down", headers={"retry-after": "30"})
    with FakeServer(limited) as busy, FakeServer(*[Answer(text="Hello!")] * 3) as free:
        main(
            AIModelEndpoint.of(GPT, api_key="none", base_url=f"{busy.url}/v1"),
            AIModelEndpoint.of(CLAUDE, api_key="none", base_url=free.url),
        )
