"""Ask twice, pay once. Uses OPENAI_API_KEY and OPENAI_MODEL where they are set, and a fake provider where not."""

from __future__ import annotations

import os
from contextlib import ExitStack

from ai_utilities.cache import CacheLayer, MemoryCache
from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint


def found_endpoint(stack: ExitStack) -> AIModelEndpoint:
    if os.environ.get("OPENAI_API_KEY"):
        model = os.environ.get("OPENAI_MODEL", "gpt-5-mini")
        return AIModelEndpoint(api=AIModelAPI(provider="openai"), ai_model=AIModel(model_name=model))
    server = stack.enter_context(FakeServer(Answer(text="Rayleigh scattering."), forever=True))
    api = AIModelAPI(provider="openai", api_key="none", config={"base_url": f"{server.url}/v1"})
    return AIModelEndpoint(api=api, ai_model=AIModel(model_name="fake"))


def main() -> None:
    with ExitStack() as stack:
        cache = MemoryCache()
        layers = [CacheLayer(cache, policy="always")]
        client = stack.enter_context(AIModelClient(found_endpoint(stack), layers=layers))
        for _ in range(2):
            answer = client.generate("Why is the sky blue? One sentence.").chat_response
            print("cached" if answer.cached else "asked ", answer.text)
        print(f"{cache.stats().saved_tokens} tokens saved")


if __name__ == "__main__":
    main()
