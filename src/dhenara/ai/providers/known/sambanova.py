"""SambaNova."""

from __future__ import annotations

from ...codecs.openai_chat.quirks import OPEN_MODEL_NAMES, ChatQuirks
from ..provider import Provider, Route
from .common_routes import PLAIN_EMBEDDINGS

PROVIDER = Provider(
    name="sambanova",
    base_url="https://api.sambanova.ai/v1",
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
    operations=(PLAIN_EMBEDDINGS,),
    key_env=("SAMBANOVA_API_KEY",),
    base_url_env=("SAMBANOVA_BASE_URL",),
    keys_url="https://cloud.sambanova.ai/apis",
)
