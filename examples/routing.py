"""Send calls to the best of several deployments, a second request beside a slow one, and a share to a candidate.

Run it: python examples/routing.py. Uses OpenAI and Anthropic if OPENAI_API_KEY and ANTHROPIC_API_KEY are set,
otherwise fake servers: one that asks for a pause of 30 seconds, one that answers, and one that is slow.
"""

import os

from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer, Refusal, stall_before_head
from dhenara.ai.types import AIModelEndpoint, ShadowResult


def main(first: str | AIModelEndpoint, second: str | AIModelEndpoint) -> None:
    with AIModelClient.routed({"name": "smart", "groups": [first, second]}) as client:
        for number in range(3):
            response = client.generate("Say hello.")
            tried = ", ".join(f"{one.deployment} {one.outcome}" for one in response.attempts)
            print(f"{number}: {response.text} ({tried})")
        print(client.explain_route("Say hello."))


def hedge(slow: str | AIModelEndpoint, fast: str | AIModelEndpoint) -> None:
    """A second request, if the first one has no answer after half a second."""
    with AIModelClient.routed({"groups": [slow, fast], "hedge_after": 0.5}) as client:
        response = client.generate("Say hello.")
        print("hedged:", [(one.deployment, one.outcome) for one in response.attempts])


def compare(result: ShadowResult) -> None:
    print(f"shadow: {result.candidate} took {result.seconds:.1f} s and cost {result.cost}")


def shadow(current: str | AIModelEndpoint, candidate: str | AIModelEndpoint) -> None:
    """Every call also goes to the candidate; closing the client waits for it."""
    traffic = {"deployment": candidate, "share": 1.0, "observer": compare, "wait_on_close": 30.0}
    with AIModelClient.routed({"groups": [current], "shadow": traffic}) as client:
        print("answer:", client.generate("Say hello.").text)


GPT, CLAUDE = "openai/gpt-5.4-mini", "anthropic/claude-sonnet-5"

if {"OPENAI_API_KEY", "ANTHROPIC_API_KEY"} <= os.environ.keys():
    main(GPT, CLAUDE)
    hedge(GPT, CLAUDE)
    shadow(GPT, CLAUDE)
else:
    limited = Refusal(429, "slow down", headers={"retry-after": "30"})
    with (
        FakeServer(limited) as busy,
        FakeServer(Answer(text="Hello!"), forever=True) as free,
        FakeServer(stall_before_head(), forever=True) as stalled,
    ):
        gpt = AIModelEndpoint.of(GPT, api_key="none", base_url=f"{busy.url}/v1")
        slow = AIModelEndpoint.of(GPT, api_key="none", base_url=f"{stalled.url}/v1")
        claude = AIModelEndpoint.of(CLAUDE, api_key="none", base_url=free.url)
        main(gpt, claude)
        hedge(slow, claude)
        shadow(claude, AIModelEndpoint.of(GPT, api_key="none", base_url=f"{free.url}/v1"))
