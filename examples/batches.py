"""Send several prompts as one batch at half the price, wait for it, and read the answers.

Run it: python examples/batches.py. Uses Anthropic if ANTHROPIC_API_KEY is set (a batch takes up to a day), otherwise
a fake server.
"""

import os
from typing import Any

from dhenara.ai import AIModelClient
from dhenara.ai.testing import FakeBatches, FakeServer

QUESTIONS = ["The capital of France?", "The capital of Italy?"]


def main(**options: Any) -> None:
    with AIModelClient("anthropic/claude-haiku-4-5", **options) as client:
        batch = client.submit_batch(QUESTIONS, max_output_tokens=20)
        results = client.batch_results(client.wait_for_batch(batch))
    for question, item in zip(QUESTIONS, results, strict=True):
        print(question, item.text if item.error is None else item.error)
    print("cost:", results.cost)


if "ANTHROPIC_API_KEY" in os.environ:
    main()
else:
    with FakeServer(FakeBatches(lambda prompt: "Paris" if "France" in prompt else "Rome"), forever=True) as server:
        main(api_key="none", base_url=server.url)
