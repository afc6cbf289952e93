"""Find the sentence that is closest to a question.

With OPENAI_API_KEY set, OpenAI makes the vectors; without, a fake provider does, whose vectors know only letters.
"""

import os
from contextlib import ExitStack
from math import hypot
from typing import Any

from dhenara.ai import AIModelClient
from dhenara.ai.testing import FakeServer, SampleOperations

SENTENCES = ["Cats sleep for most of the day.", "Interest rates rose again.", "The train leaves at nine."]
QUESTION = "When do cats sleep?"

with ExitStack() as stack:
    fake: dict[str, Any] = {}
    if not os.environ.get("OPENAI_API_KEY"):
        server = stack.enter_context(FakeServer(SampleOperations(dimensions=32), forever=True))
        fake = {"api_key": "none", "base_url": f"{server.url}/v1"}
    client = stack.enter_context(AIModelClient("openai/text-embedding-3-small", **fake))
    asked, *known = client.embed([QUESTION, *SENTENCES]).vectors


def likeness(one: list[float], other: list[float]) -> float:
    """The cosine of the angle between two vectors."""
    return sum(a * b for a, b in zip(one, other, strict=True)) / (hypot(*one) * hypot(*other))


for likely, sentence in sorted(zip((likeness(asked, one) for one in known), SENTENCES, strict=True), reverse=True):
    print(f"{likely:.3f}  {sentence}")
