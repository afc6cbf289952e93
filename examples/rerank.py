"""Put documents in the order in which they answer a question.

With COHERE_API_KEY set, Cohere ranks; without, a fake provider does, by the words they share.
"""

import os
from contextlib import ExitStack

from dhenara.ai import AIModelClient
from dhenara.ai.testing import FakeServer, SampleOperations
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint

DOCUMENTS = ["Paris is the capital of France.", "Ruby is a programming language.", "Rubies are red."]

with ExitStack() as stack:
    if os.environ.get("COHERE_API_KEY"):
        api = AIModelAPI(provider="cohere")
    else:
        server = stack.enter_context(FakeServer(SampleOperations(), forever=True))
        api = AIModelAPI(provider="cohere", api_key="none", config={"base_url": server.url})
    endpoint = AIModelEndpoint(api=api, ai_model=AIModel(model_name="rerank-v4.0-fast"))
    client = stack.enter_context(AIModelClient(endpoint))
    for one in client.rerank("Which programming language is it?", DOCUMENTS).results:
        print(f"{one.score:.3f}  {one.document}")
