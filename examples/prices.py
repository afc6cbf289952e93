"""What an answer costs, whose price that is, and what a large one would cost elsewhere.

With OPENAI_API_KEY set this asks OpenAI; without a key, a fake provider in this process.
"""

import os
from contextlib import nullcontext

from dhenara.ai import AIModelClient
from dhenara.ai.catalog import price_usage
from dhenara.ai.testing import Answer, FakeServer, FakeUsage
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint, Usage

has_key = "OPENAI_API_KEY" in os.environ

with nullcontext() if has_key else FakeServer(Answer(text="Hello!", usage=FakeUsage(12, 5))) as fake:
    api = (
        AIModelAPI(provider="openai")
        if fake is None
        else AIModelAPI(provider="openai", api_key="sk-of-no-use", config={"base_url": f"{fake.url}/v1"})
    )
    with AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name="gpt-5.2"))) as client:
        cost = client.generate("Say hello.").cost

print(f"{cost} {cost.currency}, priced as {cost.priced_as} by {cost.source}")

large = Usage(input_tokens=50_000, cache_read_tokens=150_000, output_tokens=5_000)
for provider, name in [("openai", "gpt-5.2"), ("anthropic", "claude-sonnet-5-5"), ("google_ai", "gemini-3.8-flash")]:
    where = AIModelEndpoint(api=AIModelAPI(provider=provider), ai_model=AIModel(model_name=name))
    print(f"{name}: {price_usage(where, large)}")
