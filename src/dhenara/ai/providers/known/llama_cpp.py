"""llama.cpp server."""

from __future__ import annotations

from ...codecs.openai_chat.quirks import OPEN_MODEL_NAMES, ChatQuirks
from ...schema.rules import ANY_SCHEMA
from ..provider import Provider, Route
from .common_routes import embeddings, rerank

OPERATIONS = (embeddings(), rerank())

PROVIDER = Provider(
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
    operations=OPERATIONS,
    by_chat={"count_tokens": ("openai_chat.count_tokens",)},
    key_env=("LLAMA_CPP_API_KEY",),
    base_url_env=("LLAMA_CPP_BASE_URL",),
    needs_key=False,
    local=True,
)
