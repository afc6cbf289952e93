"""The same model on Anthropic, Vertex AI, Amazon Bedrock and Azure AI Foundry.

Run it: python examples/cloud_platforms.py. Set PLATFORM to anthropic, google_vertex_ai, amazon_bedrock or
microsoft_azure_ai, and the variables of that platform, to use a real one; otherwise a fake server answers for all
four.
"""

from __future__ import annotations

import os
from typing import Any

from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer

NO_ACCOUNT: dict[str, dict[str, Any]] = {
    "anthropic": {"api_key": "none"},
    "google_vertex_ai": {"credentials": {"token": lambda: "none"}, "project_id": "p", "location": "eu"},
    "amazon_bedrock": {
        "credentials": {"access_key_id": "none", "secret_access_key": "none"},
        "region": "eu-west-1",
    },
    "microsoft_azure_ai": {"api_key": "none"},
}


def main(platform: str, **options: Any) -> None:
    with AIModelClient(f"{platform}/claude-sonnet-5-5", **options) as client:
        stream = client.generate("Say hello in one word.", max_output_tokens=100, streaming=True)
        print(f"{platform}:", "".join(stream.text_stream))


if "PLATFORM" in os.environ:
    main(os.environ["PLATFORM"])
else:
    with FakeServer(Answer(text="Hello!"), forever=True) as server:
        for name, options in NO_ACCOUNT.items():
            main(name, base_url=server.url, **options)
