"""Ollama, on this machine, on another one, or in its cloud."""

from __future__ import annotations

from urllib.parse import urlsplit

from ...codecs.ollama.quirks import OllamaQuirks
from ...codecs.openai_chat.quirks import ChatQuirks
from ...codecs.operations.operation import EmbeddingQuirks
from ..provider import ModelListRoute, Provider, Route

PORT = 11434


def address(given: str) -> str:
    """Read a URL in the forms that `OLLAMA_HOST` allows: without a scheme, without a port, or with a path."""
    text = given.strip().rstrip("/").removesuffix("/v1").removesuffix("/api")
    if "://" in text:
        return text
    parts = urlsplit(f"http://{text}")
    host = parts.hostname or "127.0.0.1"
    # A server that listens on all interfaces is reached on loopback.
    named = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{named}:{parts.port or PORT}{parts.path}"


EMBEDDINGS = EmbeddingQuirks(
    path="/api/embed", params={"dimensions": "dimensions", "truncate": "truncate"}, most_texts=512
)

OPERATIONS = (Route("ollama.embeddings", EMBEDDINGS, operation="embed"),)

PROVIDER = Provider(
    name="ollama",
    base_url=f"http://127.0.0.1:{PORT}",
    routes=(
        Route("ollama", OllamaQuirks(thinking="levels"), models="gpt-oss*|*/gpt-oss*"),
        Route("ollama", OllamaQuirks()),
        # OpenAI's protocol on Ollama: the context has the server's default size, and prompts are truncated silently.
        Route(
            "openai_chat",
            ChatQuirks(
                path="/v1/chat/completions",
                params={"max_output_tokens": "max_tokens", "logit_bias": None, "n": None, "user": None},
                reasoning_out=("reasoning", "reasoning_content"),
                think_tags=True,
                reasoning_replay="field",
                reasoning_replay_field="reasoning",
                document_shape="none",
                audio_in=False,
            ),
        ),
    ),
    operations=OPERATIONS,
    key_env=("OLLAMA_API_KEY",),
    base_url_env=("OLLAMA_HOST", "OLLAMA_BASE_URL"),
    read_address=address,
    hosts=("http://127.0.0.1", "http://localhost", "https://ollama.com"),
    keys_url="https://ollama.com/settings/keys",
    needs_key=False,
    local=True,
    listing=ModelListRoute("/api/tags"),
)
