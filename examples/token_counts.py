"""Count the tokens of a call before it is made.

With ANTHROPIC_API_KEY set, Anthropic counts; without, a fake provider does. The estimate is made here in any case.
"""

import os
from contextlib import ExitStack
from typing import Any

from dhenara.ai import AIModelClient
from dhenara.ai.testing import FakeServer, SampleOperations

with ExitStack() as stack:
    fake: dict[str, Any] = {}
    if not os.environ.get("ANTHROPIC_API_KEY"):
        server = stack.enter_context(FakeServer(SampleOperations(), forever=True))
        fake = {"api_key": "none", "base_url": server.url}
    client = stack.enter_context(AIModelClient("anthropic/claude-haiku-4-5", **fake))
    print("counted:", client.count_tokens("How long is this sentence?").input_tokens)
    print("estimated:", client.count_tokens("How long is this sentence?", estimate=True).input_tokens)
