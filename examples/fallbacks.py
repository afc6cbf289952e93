"""An answer from somewhere else when the first endpoint is down.

With OPENAI_API_KEY and ANTHROPIC_API_KEY it asks both; without, two fake servers in this process, of which one is down.
"""

import os
from typing import Any

from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer, Refusal
from dhenara.ai.types import AIModelEndpoint

real = {"OPENAI_API_KEY", "ANTHROPIC_API_KEY"} <= os.environ.keys()


def endpoint(name: str, url: str) -> AIModelEndpoint:
    fake: dict[str, Any] = {} if real else {"api_key": "none", "base_url": url}
    return AIModelEndpoint.of(name, **fake)


with FakeServer(Refusal(503, "down for maintenance")) as down, FakeServer(Answer(text="Hello from here.")) as up:
    first = endpoint("openai/gpt-5.4-mini", f"{down.url}/v1")
    second = endpoint("anthropic/claude-sonnet-5", up.url)
    with AIModelClient(first, fallbacks=[second]) as client:
        response = client.generate("Say hello.", retries=0)
        assert response.chat_response is not None
        print(response.text)
        for attempt in response.attempts:
            print(f"{attempt.provider} {attempt.model}: {attempt.outcome} {attempt.error or ''}")
        for warning in response.warnings:
            print(warning.message)
