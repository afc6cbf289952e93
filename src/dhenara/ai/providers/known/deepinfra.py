"""DeepInfra."""

from __future__ import annotations

from ...codecs.openai_chat.quirks import OPEN_MODEL_NAMES, ChatQuirks
from ..provider import Provider, Route
from .common_routes import PLAIN_EMBEDDINGS

PROVIDER = Provider(
    name="deepinfra",
    base_url="https://api.deepinfra.com/v1/openai",
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
    key_env=(
        "DEEPINFRA_API_KEY",
        "DEEPINFRA_TOKEN",
    ),
    base_url_env=("DEEPINFRA_BASE_URL",),
    keys_url="https://deepinfra.com/dash/api_keys",
)
