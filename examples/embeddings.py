"""Find the sentence that is closest to a question, by their embeddings.

Run it: python examples/embeddings.py. Uses OpenAI if OPENAI_API_KEY is set, otherwise a fake server that counts
letters.
"""

import os
from math import hypot
from typing import Any

from ai_utilities import AiClient
from dhenara.ai.testing import FakeServer, SampleOperations

SENTENCES = ["Cats sleep for most of the day.", "Interest rates rose again.", "The train leaves at nine."]


def cosine(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True)) / (hypot(*one) * hypot(*other))


def main(**options: Any) -> None:
    with AiClient("openai", **options) as client:
        question, *vectors = client.embed(["When do cats sleep?", *SENTENCES])
    scores = [cosine(question, vector) for vector in vectors]
    for score, sentence in sorted(zip(scores, SENTENCES, strict=True), reverse=True):
        print(f"{score:.3f}  {sentence}")


if "OPENAI_API_KEY" in os.environ:
    main()
else:
    with FakeServer(SampleOperations(dimensions=32), forever=True) as server:
        main(api_key="none", base_url=f"{server.url}/v1")
