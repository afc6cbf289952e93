"""Read a document as markdown.

With MISTRAL_API_KEY and the address of a PDF in DOCUMENT_URL, Mistral reads it; without, a fake provider invents pages.
"""

import os
from contextlib import ExitStack
from typing import Any

from dhenara.ai import AIModelClient
from dhenara.ai.testing import FakeServer, SampleOperations
from dhenara.ai.types import FileContent

DOCUMENT = os.environ.get("DOCUMENT_URL", "https://example.org/paper.pdf")

with ExitStack() as stack:
    fake: dict[str, Any] = {}
    if not os.environ.get("MISTRAL_API_KEY"):
        server = stack.enter_context(FakeServer(SampleOperations(), forever=True))
        fake = {"api_key": "none", "base_url": f"{server.url}/v1"}
    client = stack.enter_context(AIModelClient("mistral/mistral-ocr-latest", **fake))
    read = client.ocr(FileContent(url=DOCUMENT), pages=[0, 1])
    print(read.text)
