"""Asks a local model with a context that fits. Set OLLAMA_HOST to ask a real one; without it a fake server answers."""

from __future__ import annotations

import os

from dhenara.ai import AIModel, AIModelAPI, AIModelClient, AIModelEndpoint
from dhenara.ai.testing import Answer, FakeServer


def ask(address: str) -> None:
    endpoint = AIModelEndpoint(
        api=AIModelAPI(provider="ollama", config={"base_url": address}),
        ai_model=AIModel(model_name=os.environ.get("OLLAMA_MODEL", "qwen3:8b")),
    )
    with AIModelClient(endpoint) as client:
        for chunk, final in client.generate("Why is the sky blue?", streaming=True, reasoning=True).stream_generator:
            if chunk:
                print(chunk.text_delta, end="", flush=True)
            if final and final.usage:
                print(f"\n({final.usage.total_tokens} tokens)", *final.warnings)


if __name__ == "__main__":
    if "OLLAMA_HOST" in os.environ:
        ask(os.environ["OLLAMA_HOST"])
    else:
        with FakeServer(Answer(text="Short waves scatter more.", reasoning="Rayleigh.")) as server:
            ask(server.url)
