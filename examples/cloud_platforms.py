"""The same model through several platforms.

Set PLATFORM to anthropic, google_vertex_ai, amazon_bedrock or microsoft_azure_ai, with that platform's own variables,
to ask a real one; without it, a fake server answers for all four.
"""

from __future__ import annotations

import os
from typing import Any

from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import AIModelAPI, AIModelEndpoint
from dhenara.ai.types.genai.foundation_models.anthropic.chat import ClaudeSonnet45

MADE_UP: dict[str, dict[str, Any]] = {
    "anthropic": {"api_key": "made-up"},
    "google_vertex_ai": {"credentials": {"token": lambda: "made-up"}, "config": {"project_id": "p", "location": "eu"}},
    "amazon_bedrock": {
        "credentials": {"access_key_id": "made-up", "secret_access_key": "made-up"},
        "config": {"region": "eu-west-1"},
    },
    "microsoft_azure_ai": {"api_key": "made-up"},
}


def ask(api: AIModelAPI) -> str:
    """One line for every platform: which it is, and what Claude says there."""
    with AIModelClient(AIModelEndpoint(api=api, ai_model=ClaudeSonnet45)) as client:
        response = client.generate("Say hello in one word.", max_output_tokens=100, streaming=True)
        answer = next(final for _, final in response.stream_generator if final).chat_response
    return f"{api.provider}: {answer.text}"


def main() -> None:
    if platform := os.environ.get("PLATFORM"):
        print(ask(AIModelAPI(provider=platform)))
        return
    with FakeServer(Answer(text="Hello!"), forever=True) as server:
        for platform, given in MADE_UP.items():
            config = {**given.get("config", {}), "base_url": server.url}
            print(ask(AIModelAPI(provider=platform, **{**given, "config": config})))


if __name__ == "__main__":
    main()
