"""Put documents in the order in which they answer a question.

With COHERE_API_KEY set, Cohere ranks; without, a fake provider does, by the words they share.
"""

import os
from contextlib import ExitStack
from typing import Any

from dhenara.ai import AIModelClient
from dhenara.ai.testing import FakeServer, SampleOperations

DOCUMENTS = ["Paris is the capital of France.", "Ruby is a programming language.", "Rubies are red."]

with ExitStack() as stack:
    fake: dict[str, Any] = {}
    if not os.environ.get("COHERE_API_KEY"):
        server = stack.enter_context(FakeServer(SampleOperations(), forever=True))
        fake = {"api_key": "none", "base_url": server.url}
    client = stack.enter_context(AIModelClient("cohere/rerank-v4.0-fast", **fake))
    for one in client.rerank("Which programming language is it?", DOCUMENTS).results:
        print(f"{one.score:.3f}  {one.document}")
