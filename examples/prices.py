"""The cost of an answer, the source of the price, and the cost of a larger call with other models.

Run it: python examples/prices.py. Uses OpenAI if OPENAI_API_KEY is set, otherwise a fake server.
"""

import os
from typing import Any

from dhenara.ai import AIModelClient
from dhenara.ai.catalog import price_usage
from dhenara.ai.testing import Answer, FakeServer, FakeUsage
from dhenara.ai.types import AIModelEndpoint, Usage


def main(**options: Any) -> None:
    with AIModelClient("openai/gpt-5.4-mini", **options) as client:
        cost = client.generate("Say hello.").cost
    print(f"{cost} {cost.currency}, priced as {cost.priced_as} by {cost.source}")

    large = Usage(input_tokens=50_000, cache_read_tokens=150_000, output_tokens=5_000)
    for name in ("openai/gpt-5.4-mini", "anthropic/claude-sonnet-5", "google/gemini-3.5-flash"):
        print(f"{name}: {price_usage(AIModelEndpoint.of(name, 'any key'), large)}")


if "OPENAI_API_KEY" in os.environ:
    main()
else:
    with FakeServer(Answer(text="Hello!", usage=FakeUsage(12, 5))) as server:
        main(api_key="none", base_url=f"{server.url}/v1")
