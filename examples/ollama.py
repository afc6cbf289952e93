"""Asks a local model with a context that fits. Set OLLAMA_HOST to ask a real one; without it a fake server answers."""

from __future__ import annotations

import os

from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer


def ask(address: str) -> None:
    model = os.environ.get("OLLAMA_MODEL", "qwen3:8b")
    with AIModelClient(f"ollama/{model}", base_url=address) as client:
        stream = client.generate("Why is the sky blue?", streaming=True, reasoning=True).text_stream
        for text in stream:
            print(text, end="", flush=True)
        print(f"\n({stream.response.usage.total_tokens} tokens)", *stream.response.warnings)


if __name__ == "__main__":
    if "OLLAMA_HOST" in os.environ:
        ask(os.environ["OLLAMA_HOST"])
    else:
        with FakeServer(Answer(text="Short waves scatter more.", reasoning="Rayleigh.")) as server:
            ask(server.url)
