"""Read a document as markdown.

With MISTRAL_API_KEY and the address of a PDF in DOCUMENT_URL, Mistral reads it; without, a fake provider invents pages.
"""

import os
from contextlib import ExitStack

from dhenara.ai import AIModelClient
from dhenara.ai.testing import FakeServer, SampleOperations
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint, FileContent

DOCUMENT = os.environ.get("DOCUMENT_URL", "https://example.org/paper.pdf")

with ExitStack() as stack:
    if os.environ.get("MISTRAL_API_KEY"):
        api = AIModelAPI(provider="mistral")
    else:
        server = stack.enter_context(FakeServer(SampleOperations(), forever=True))
        api = AIModelAPI(provider="mistral", api_key="none", config={"base_url": f"{server.url}/v1"})
    endpoint = AIModelEndpoint(api=api, ai_model=AIModel(model_name="mistral-ocr-latest"))
    client = stack.enter_context(AIModelClient(endpoint))
    read = client.ocr(FileContent(url=DOCUMENT), pages=[0, 1])
    print(read.text)
