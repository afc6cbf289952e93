"""Errors that say what happened, to whom, and what to do next; retries and time limits before they reach you."""

from __future__ import annotations

from dhenara.ai import AIModelClient
from dhenara.ai.errors import AuthenticationError, CallError, CallTimeoutError, ConfigurationError
from dhenara.ai.testing import Answer, FakeServer, Refusal, stall_before_head
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint, Timeouts

BUSY = Refusal(429, "slow down", headers={"retry-after": "0.1"})

with FakeServer(
    BUSY, Answer(text="Here I am."), Refusal(401, "Incorrect API key provided"), stall_before_head()
) as server:
    api = AIModelAPI(provider="openai", api_key="none", config={"base_url": f"{server.url}/v1"})
    with AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name="fake"))) as client:
        response = client.generate("Are you there?")
        tries = ", then ".join(f"{attempt.outcome} {attempt.status}" for attempt in response.attempts)
        print(response.text, f"({tries})")

        try:
            client.generate("And now?")
        except AuthenticationError as error:
            print("asked in vain:", error)
        except CallError as error:
            print("anything else:", error.status, error.advice)

        try:
            client.generate("Tell me everything.", timeout=Timeouts(total=0.5), retries=0)
        except CallTimeoutError as error:
            print(f"too slow, by the limit {error.limit!r}:", error)

        try:
            client.generate("Hello?", temprature=0)  # type: ignore[call-arg]  # a typing error on purpose
        except ConfigurationError as error:
            print("nothing was sent:", error)
