"""Stream an answer of a model in Ollama, with its reasoning.

Run it: python examples/ollama.py. Uses the server at OLLAMA_HOST if it is set, with the model in OLLAMA_MODEL;
otherwise a fake server.
"""

import os

from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer


def main(base_url: str) -> None:
    model = os.environ.get("OLLAMA_MODEL", "qwen3:8b")
    with AIModelClient(f"ollama/{model}", base_url=base_url) as client:
        stream = client.generate("Why is the sky blue?", streaming=True, reasoning=True).text_stream
        for text in stream:
            print(text, end="", flush=True)
        print(f"\n({stream.response.usage.total_tokens} tokens)", *stream.response.warnings)


if "OLLAMA_HOST" in os.environ:
    main(os.environ["OLLAMA_HOST"])
else:
    with FakeServer(Answer(text="Short waves scatter more.", reasoning="Rayleigh.")) as server:
        main(server.url)
