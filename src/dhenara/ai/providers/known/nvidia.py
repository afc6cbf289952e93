"""NVIDIA."""

from __future__ import annotations

from ...codecs.openai_chat.quirks import OPEN_MODEL_NAMES, ChatQuirks
from ...codecs.operations.operation import EmbeddingQuirks
from ..provider import Provider, Route
from .common_routes import embeddings

OPERATIONS = (
    embeddings(
        EmbeddingQuirks(
            params={"input_type": "input_type"},
            most_texts=96,
            encoding="float",
            input_types={"query": "query", "document": "passage"},
            defaults={"input_type": "passage"},
        )
    ),
)

PROVIDER = Provider(
    name="nvidia",
    base_url="https://integrate.api.nvidia.com/v1",
    routes=(
        Route(
            "openai_chat",
            ChatQuirks(
                params=OPEN_MODEL_NAMES,
                think_tags=True,
                document_shape="none",
            ),
        ),
    ),
    operations=OPERATIONS,
    key_env=("NVIDIA_API_KEY",),
    base_url_env=("NVIDIA_BASE_URL",),
    keys_url="https://build.nvidia.com/settings/api-keys",
)
