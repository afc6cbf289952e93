"""`make demo`: streams an answer of the in-process model, without a key or a server."""

from __future__ import annotations

import sys
import time

from dhenara.ai import AIModelClient
from dhenara.ai.types import AIModel, AIModelAPI, AIModelCallConfig, AIModelEndpoint

PROMPT = "In three sentences: why is the sky blue?"
NOTE = (
    "That was SmolLM2 with 135 million parameters on your CPU: fluent, and often wrong. "
    "With a key, the same lines call any provider."
)


def answer(prompt: str) -> None:
    """Stream an answer to standard output; the lines that a newcomer would copy."""
    endpoint = AIModelEndpoint(api=AIModelAPI(provider="local"), ai_model=AIModel(model_name="smollm2-135m"))
    config = AIModelCallConfig(streaming=True, max_output_tokens=160, temperature=0.3, seed=7)

    with AIModelClient(endpoint, config) as client:
        started = time.monotonic()
        for chunk, final in client.generate(prompt).stream_generator:
            if chunk:
                print(chunk.text_delta, end="", flush=True)
            if final and final.chat_response.usage:
                report(final.chat_response.usage.completion_tokens, time.monotonic() - started)


def report(tokens: int, seconds: float) -> None:
    print(f"\n\n{tokens} tokens in {seconds:.1f} s, {tokens / seconds:.0f} a second\n\n{NOTE}")


if __name__ == "__main__":
    text = " ".join(sys.argv[1:]) or PROMPT
    print(f"> {text}\n")
    answer(text)
