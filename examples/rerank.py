"""Sort documents by how well they answer a question.

Run it: python examples/rerank.py. Uses Cohere if COHERE_API_KEY is set, otherwise a fake server that counts shared
words.
"""

import os
from typing import Any

from ai_utilities import AiClient
from dhenara.ai.testing import FakeServer, SampleOperations

DOCUMENTS = ["Paris is the capital of France.", "Ruby is a programming language.", "Rubies are red."]


def main(**options: Any) -> None:
    with AiClient("cohere", **options) as client:
        for result in client.rerank("Which programming language is it?", DOCUMENTS).results:
            print(f"{result.score:.3f}  {result.document}")


if "COHERE_API_KEY" in os.environ:
    main()
else:
    with FakeServer(SampleOperations(), forever=True) as server:
        main(api_key="none", base_url=server.url)
