"""A retry after a rate limit, and three errors: a key that is not accepted, a timeout, and a misspelt option.

Run it: python examples/errors.py. It uses a fake server, which fails on purpose.
"""

from dhenara.ai import AIModelClient
from dhenara.ai.errors import AuthenticationError, CallError, CallTimeoutError, ConfigurationError
from dhenara.ai.testing import Answer, FakeServer, Refusal, stall_before_head
from dhenara.ai.types import Timeouts


def main(base_url: str) -> None:
    with AIModelClient("openai/gpt-5.4-mini", api_key="none", base_url=base_url) as client:
        response = client.generate("Hello")
        print(response.text, [f"{attempt.outcome} {attempt.status}" for attempt in response.attempts])

        try:
            client.generate("Hello")
        except AuthenticationError as error:
            print("key not accepted:", error)
        except CallError as error:
            print("another failure:", error.status, error.advice)

        try:
            client.generate("Hello", timeout=Timeouts(total=0.5), retries=0)
        except CallTimeoutError as error:
            print(f"timeout {error.limit!r}:", error)

        try:
            # misspelt on purpose
            client.generate("Hello", temprature=0)  # type: ignore[call-arg]
        except ConfigurationError as error:
            print("nothing was sent:", error)


RATE_LIMITED = Refusal(429, "slow down", headers={"retry-after": "0.1"})
BAD_KEY = Refusal(401, "Incorrect API key provided")

with FakeServer(RATE_LIMITED, Answer(text="Hello!"), BAD_KEY, stall_before_head()) as server:
    main(f"{server.url}/v1")
