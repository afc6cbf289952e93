"""Read a PDF as markdown (OCR).

Run it: python examples/ocr.py. Uses Mistral if MISTRAL_API_KEY is set, with the PDF at DOCUMENT_URL; otherwise a fake
server that returns sample pages.
"""

import os
from typing import Any

from ai_utilities import AiClient
from dhenara.ai.testing import FakeServer, SampleOperations
from dhenara.ai.types import FileContent

DOCUMENT = FileContent(url=os.environ.get("DOCUMENT_URL", "https://example.org/paper.pdf"))


def main(**options: Any) -> None:
    with AiClient("mistral", **options) as client:
        print(client.ocr(DOCUMENT, pages=[0, 1]).text)


if "MISTRAL_API_KEY" in os.environ:
    main()
else:
    with FakeServer(SampleOperations(), forever=True) as server:
        main(api_key="none", base_url=f"{server.url}/v1")
