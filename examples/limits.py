"""Two requests a second, however fast they are asked. Uses OPENAI_API_KEY where it is set, else a fake provider."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack

from ai_utilities.limits import Limit, LimitLayer
from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint


def found_endpoint(stack: ExitStack) -> AIModelEndpoint:
    if os.environ.get("OPENAI_API_KEY"):
        model = os.environ.get("OPENAI_MODEL", "gpt-5-mini")
        return AIModelEndpoint(api=AIModelAPI(provider="openai"), ai_model=AIModel(model_name=model))
    server = stack.enter_context(FakeServer(Answer(text="Yes."), forever=True))
    api = AIModelAPI(provider="openai", api_key="none", config={"base_url": f"{server.url}/v1"})
    return AIModelEndpoint(api=api, ai_model=AIModel(model_name="fake"))


def main() -> None:
    with ExitStack() as stack:
        limits = LimitLayer(Limit(requests_per_second=2))
        client = stack.enter_context(AIModelClient(found_endpoint(stack), attempt_layers=[limits]))
        began = time.monotonic()
        for number in range(4):
            client.generate("Are you there? Yes or no.")
            print(f"answer {number + 1} after {time.monotonic() - began:.1f} s")


if __name__ == "__main__":
    main()
