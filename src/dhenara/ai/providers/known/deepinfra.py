"""DeepInfra."""

from __future__ import annotations

from ...codecs.openai_chat.quirks import ChatQuirks
from ..lazy_operations import LazyRoutes
from ..provider import Provider, Route

PROVIDER = Provider(
    name="deepinfra",
    base_url="https://api.deepinfra.com/v1/openai",
    routes=(
        Route(
            "openai_chat",
            ChatQuirks(
                params={"max_output_tokens": "max_tokens", "top_k": "top_k"},
                think_tags=True,
                document_shape="none",
            ),
        ),
    ),
    operations=LazyRoutes("plain_embeddings"),
    key_env=(
        "DEEPINFRA_API_KEY",
        "DEEPINFRA_TOKEN",
    ),
    base_url_env=("DEEPINFRA_BASE_URL",),
    keys_url="https://deepinfra.com/dash/api_keys",
)
