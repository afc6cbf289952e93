"""A small model inside of the process, or a GGUF file."""

from __future__ import annotations

from ...codecs.openai_chat.quirks import OPEN_MODEL_NAMES, ChatQuirks
from ...schema.rules import ANY_SCHEMA
from ..provider import Provider, Route
from .common_routes import PLAIN_EMBEDDINGS, rerank

OPERATIONS = (
    PLAIN_EMBEDDINGS,
    rerank(),
)

PROVIDER = Provider(
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
    operations=OPERATIONS,
    needs_key=False,
    input_modalities=("text",),
    embedded=True,
)
