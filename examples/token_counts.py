"""Count the tokens of a call before it is made.

With ANTHROPIC_API_KEY set, Anthropic counts; without, a fake provider does. The estimate is made here in any case.
"""

import os
from contextlib import ExitStack

from dhenara.ai import AIModelClient
from dhenara.ai.testing import FakeServer, SampleOperations
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint

with ExitStack() as stack:
    if os.environ.get("ANTHROPIC_API_KEY"):
        api = AIModelAPI(provider="anthropic")
    else:
        server = stack.enter_context(FakeServer(SampleOperations(), forever=True))
        api = AIModelAPI(provider="anthropic", api_key="none", config={"base_url": server.url})
    endpoint = AIModelEndpoint(api=api, ai_model=AIModel(model_name="claude-haiku-4-5"))
    client = stack.enter_context(AIModelClient(endpoint))
    print("counted:", client.count_tokens("How long is this sentence?").input_tokens)
    print("estimated:", client.count_tokens("How long is this sentence?", estimate=True).input_tokens)
