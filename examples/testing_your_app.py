"""An app tested against a fake provider: what it asked, what it does with a refusal, and with a stream that breaks."""

from __future__ import annotations

import os

from ai_utilities import AiClient, ProviderAPIError
from dhenara.ai.testing import Answer, FakeServer, Refusal


def summarise(text: str) -> str:
    """The app: it knows nothing of tests."""
    with AiClient(provider="openai", show_progress=False) as client:
        try:
            return str(client.ask(text, system="Summarise in one sentence.", retries=0))
        except ProviderAPIError as error:
            return f"no summary today: {error.status}"


with FakeServer(Answer(text="All is well."), Refusal(503, "overloaded"), strict=True) as provider:
    os.environ.update(OPENAI_API_KEY="any", OPENAI_BASE_URL=f"{provider.url}/v1", AI_MODEL="fake")
    assert summarise("A long report.") == "All is well."
    told = provider.exchanges[0].json["messages"]
    assert [message["role"] for message in told] == ["system", "user"]
    assert summarise("Another one.") == "no summary today: 503"
    print(f"passed, {len(provider.exchanges)} requests, none of them to anybody else")
