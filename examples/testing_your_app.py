"""Test an app against a fake server: the request that it sends, and how it handles an error.

Run it: python examples/testing_your_app.py
"""

import os

from ai_utilities import AiClient, ProviderAPIError
from dhenara.ai.testing import Answer, FakeServer, Refusal


def summarise(text: str) -> str:
    """The app; it has no code for tests."""
    with AiClient("openai/gpt-5.4-mini") as client:
        try:
            return str(client.ask(text, system="Summarise in one sentence.", retries=0))
        except ProviderAPIError as error:
            return f"no summary: {error.status}"


with FakeServer(Answer(text="All is well."), Refusal(503, "overloaded"), strict=True) as server:
    os.environ.update(OPENAI_API_KEY="any", OPENAI_BASE_URL=f"{server.url}/v1")
    assert summarise("A long report.") == "All is well."
    messages = server.exchanges[0].json["messages"]
    assert [message["role"] for message in messages] == ["system", "user"]
    assert summarise("Another report.") == "no summary: 503"
    print(f"passed, {len(server.exchanges)} requests")
