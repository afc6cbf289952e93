"""Count the tokens of a prompt before it is sent, by the provider or by an estimate.

Run it: python examples/token_counts.py. Uses Anthropic if ANTHROPIC_API_KEY is set, otherwise a fake server.
"""

import os
from typing import Any

from dhenara.ai import AIModelClient
from dhenara.ai.testing import FakeServer, SampleOperations


def main(**options: Any) -> None:
    with AIModelClient("anthropic/claude-sonnet-5", **options) as client:
        print("counted:", client.count_tokens("How long is this sentence?").input_tokens)
        print("estimated:", client.count_tokens("How long is this sentence?", estimate=True).input_tokens)


if "ANTHROPIC_API_KEY" in os.environ:
    main()
else:
    with FakeServer(SampleOperations(), forever=True) as server:
        main(api_key="none", base_url=server.url)
