"""Ask the same question twice and pay once.

Run it: python examples/caching.py. Uses OpenAI if OPENAI_API_KEY is set, otherwise a fake server.
"""

import os
from typing import Any

from ai_utilities import AiClient
from ai_utilities.cache import MemoryCache
from dhenara.ai.testing import Answer, FakeServer


def main(**options: Any) -> None:
    cache = MemoryCache()
    with AiClient("openai/gpt-5.4-mini", cache=cache, **options) as client:
        for _ in range(2):
            answer = client.ask("Why is the sky blue? One sentence.", cache="always")
            print("from the cache:" if answer.cached else "from the model:", answer)
    print(f"{cache.stats().saved_tokens} tokens saved")


if "OPENAI_API_KEY" in os.environ:
    main()
else:
    with FakeServer(Answer(text="Rayleigh scattering."), forever=True) as server:
        main(api_key="none", base_url=f"{server.url}/v1")
