"""Ask whether texts are fit to be said.

With OPENAI_API_KEY set, OpenAI judges; without, a fake provider does, which minds only one word.
"""

import os
from contextlib import ExitStack
from typing import Any

from dhenara.ai import AIModelClient
from dhenara.ai.testing import FakeServer, SampleOperations

TEXTS = ["I love you.", "I will kill you."]

with ExitStack() as stack:
    fake: dict[str, Any] = {}
    if not os.environ.get("OPENAI_API_KEY"):
        server = stack.enter_context(FakeServer(SampleOperations(), forever=True))
        fake = {"api_key": "none", "base_url": f"{server.url}/v1"}
    client = stack.enter_context(AIModelClient("openai/omni-moderation-latest", **fake))
    for text, judged in zip(TEXTS, client.moderate(TEXTS).results, strict=True):
        print(text, "->", ", ".join(judged.reasons()) or "fine")
