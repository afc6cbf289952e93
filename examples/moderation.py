"""Ask whether texts are fit to be said.

With OPENAI_API_KEY set, OpenAI judges; without, a fake provider does, which minds only one word.
"""

import os
from contextlib import ExitStack

from dhenara.ai import AIModelClient
from dhenara.ai.testing import FakeServer, SampleOperations
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint

TEXTS = ["I love you.", "I will kill you."]

with ExitStack() as stack:
    if os.environ.get("OPENAI_API_KEY"):
        api = AIModelAPI(provider="openai")
    else:
        server = stack.enter_context(FakeServer(SampleOperations(), forever=True))
        api = AIModelAPI(provider="openai", api_key="none", config={"base_url": f"{server.url}/v1"})
    endpoint = AIModelEndpoint(api=api, ai_model=AIModel(model_name="omni-moderation-latest"))
    client = stack.enter_context(AIModelClient(endpoint))
    for text, judged in zip(TEXTS, client.moderate(TEXTS).results, strict=True):
        print(text, "->", ", ".join(judged.reasons()) or "fine")
