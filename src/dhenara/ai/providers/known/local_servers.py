"""Servers of one's own: llama.cpp, LM Studio, Ollama, vLLM, any compatible one, and the in-process model."""

from __future__ import annotations

from urllib.parse import urlsplit

from ...codecs.operations.quirks import EmbeddingQuirks, ImageQuirks
from ...codecs.quirks import OPEN_MODEL_NAMES, ChatQuirks, OllamaQuirks, ResponsesQuirks
from ...schema.keywords import ANY_SCHEMA
from ..operation_routes import PLAIN_EMBEDDINGS, embeddings, images, moderations, rerank, speech, transcriptions
from ..provider import ModelListRoute, Provider, Route

LLAMA_CPP_OPERATIONS = (embeddings(), rerank())

LLAMA_CPP = Provider(
    name="llama_cpp",
    base_url="http://127.0.0.1:8080/v1",
    routes=(
        Route(
            "openai_chat",
            ChatQuirks(
                params=OPEN_MODEL_NAMES,
                terminal="finish",
                think_tags=True,
                schema_rules=ANY_SCHEMA,
                hides_schema=True,
                document_shape="none",
                reasoning_in="template",
            ),
        ),
    ),
    operations=LLAMA_CPP_OPERATIONS,
    by_chat={"count_tokens": ("openai_chat.count_tokens",)},
    key_env=("LLAMA_CPP_API_KEY",),
    base_url_env=("LLAMA_CPP_BASE_URL",),
    needs_key=False,
    local=True,
)


LM_STUDIO = Provider(
    name="lm_studio",
    base_url="http://127.0.0.1:1234/v1",
    routes=(
        Route(
            "openai_chat",
            ChatQuirks(
                params=OPEN_MODEL_NAMES,
                terminal="finish",
                think_tags=True,
                schema_rules=ANY_SCHEMA,
                hides_schema=True,
                json_object=False,
                document_shape="none",
            ),
        ),
        Route("openai_responses", ResponsesQuirks(summary=None, encrypted_reasoning=False)),
    ),
    operations=(PLAIN_EMBEDDINGS,),
    key_env=("LM_STUDIO_API_KEY",),
    base_url_env=("LM_STUDIO_BASE_URL",),
    needs_key=False,
    local=True,
)


LOCAL_OPERATIONS = (
    PLAIN_EMBEDDINGS,
    rerank(),
)

LOCAL = Provider(
    name="local",
    base_url="embedded://",
    routes=(
        Route(
            "openai_chat",
            ChatQuirks(
                params={
                    **OPEN_MODEL_NAMES,
                    "service_tier": None,
                    "metadata": None,
                    "user": None,
                },
                document_shape="none",
                audio_in=False,
                schema_rules=ANY_SCHEMA,
                hides_schema=True,
            ),
        ),
    ),
    operations=LOCAL_OPERATIONS,
    needs_key=False,
    input_modalities=("text",),
    embedded=True,
)


OLLAMA_PORT = 11434


def read_ollama_host(given: str) -> str:
    """Read a URL in the forms that `OLLAMA_HOST` allows: without a scheme, without a port, or with a path."""
    text = given.strip().rstrip("/").removesuffix("/v1").removesuffix("/api")
    if "://" in text:
        return text
    parts = urlsplit(f"http://{text}")
    host = parts.hostname or "127.0.0.1"
    # A server that listens on all interfaces is reached on loopback.
    named = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{named}:{parts.port or OLLAMA_PORT}{parts.path}"


OLLAMA_EMBEDDINGS = EmbeddingQuirks(
    path="/api/embed", params={"dimensions": "dimensions", "truncate": "truncate"}, most_texts=512
)

OLLAMA_OPERATIONS = (Route("ollama.embeddings", OLLAMA_EMBEDDINGS, operation="embed"),)

OLLAMA = Provider(
    name="ollama",
    base_url=f"http://127.0.0.1:{OLLAMA_PORT}",
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
    operations=OLLAMA_OPERATIONS,
    key_env=("OLLAMA_API_KEY",),
    base_url_env=("OLLAMA_HOST", "OLLAMA_BASE_URL"),
    read_address=read_ollama_host,
    hosts=("http://127.0.0.1", "http://localhost", "https://ollama.com"),
    keys_url="https://ollama.com/settings/keys",
    needs_key=False,
    local=True,
    listing=ModelListRoute("/api/tags"),
)


OPENAI_COMPATIBLE_OPERATIONS = (
    rerank(),
    moderations(),
    images(ImageQuirks(params={"n": "n", "seed": "seed", "user": "user"}, streams=True)),
    PLAIN_EMBEDDINGS,
    transcriptions(),
    speech(),
)

OPENAI_COMPATIBLE = Provider(
    name="openai_compatible",
    base_url="{base_url}",
    routes=(
        Route(
            "openai_chat",
            ChatQuirks(params=OPEN_MODEL_NAMES, terminal="finish", think_tags=True),
        ),
        Route("openai_responses", ResponsesQuirks(summary=None, encrypted_reasoning=False)),
    ),
    operations=OPENAI_COMPATIBLE_OPERATIONS,
    needs_key=False,
)


VLLM_OPERATIONS = (
    rerank(),
    PLAIN_EMBEDDINGS,
)

VLLM = Provider(
    name="vllm",
    base_url="http://127.0.0.1:8000/v1",
    routes=(
        Route(
            "openai_chat",
            ChatQuirks(
                params=OPEN_MODEL_NAMES,
                terminal="finish",
                think_tags=True,
                schema_rules=ANY_SCHEMA,
                hides_schema=True,
                document_shape="none",
                video_shape="video_url",
                reasoning_in="template",
                reasoning_out=("reasoning", "reasoning_content"),
            ),
        ),
        Route("openai_responses", ResponsesQuirks(summary=None, encrypted_reasoning=False)),
    ),
    operations=VLLM_OPERATIONS,
    key_env=("VLLM_API_KEY",),
    base_url_env=("VLLM_BASE_URL",),
    needs_key=False,
    local=True,
)
