"""What an answer costs, whose price that is, and what a large one would cost elsewhere.

With OPENAI_API_KEY set this asks OpenAI; without a key, a fake provider in this process.
"""

import os
from contextlib import nullcontext
from typing import Any

from dhenara.ai import AIModelClient
from dhenara.ai.catalog import price_usage
from dhenara.ai.testing import Answer, FakeServer, FakeUsage
from dhenara.ai.types import AIModelEndpoint, Usage

has_key = "OPENAI_API_KEY" in os.environ

with nullcontext() if has_key else FakeServer(Answer(text="Hello!", usage=FakeUsage(12, 5))) as fake:
    options: dict[str, Any] = {"api_key": "none", "base_url": f"{fake.url}/v1"} if fake else {}
    with AIModelClient("openai/gpt-5.2", **options) as client:
        cost = client.generate("Say hello.").cost

print(f"{cost} {cost.currency}, priced as {cost.priced_as} by {cost.source}")

large = Usage(input_tokens=50_000, cache_read_tokens=150_000, output_tokens=5_000)
for name in ("openai/gpt-5.2", "anthropic/claude-sonnet-5", "google/gemini-3.5-flash"):
    print(f"{name}: {price_usage(AIModelEndpoint.of(name, 'any key'), large)}")
