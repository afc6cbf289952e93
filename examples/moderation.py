"""Check texts for violence, hate and other harmful content.

Run it: python examples/moderation.py. Uses OpenAI if OPENAI_API_KEY is set, otherwise a fake server.
"""

import os
from typing import Any

from ai_utilities import AiClient
from dhenara.ai.testing import FakeServer, SampleOperations

TEXTS = ["I love you.", "I will kill you."]


def main(**options: Any) -> None:
    with AiClient("openai", **options) as client:
        for text, result in zip(TEXTS, client.moderate(TEXTS).results, strict=True):
            print(text, "->", ", ".join(result.reasons()) or "not flagged")


if "OPENAI_API_KEY" in os.environ:
    main()
else:
    with FakeServer(SampleOperations(), forever=True) as server:
        main(api_key="none", base_url=f"{server.url}/v1")
