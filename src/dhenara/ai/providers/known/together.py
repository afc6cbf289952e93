"""Together."""

from __future__ import annotations

from ...codecs.openai_chat.quirks import ChatQuirks
from ..lazy_operations import LazyRoutes
from ..provider import Provider, Route

PROVIDER = Provider(
    name="together",
    base_url="https://api.together.xyz/v1",
    routes=(
        Route(
            "openai_chat",
            ChatQuirks(
                params={"max_output_tokens": "max_tokens", "top_k": "top_k"},
                terminal="finish",
                think_tags=True,
                document_shape="none",
            ),
        ),
    ),
    operations=LazyRoutes("together"),
    key_env=("TOGETHER_API_KEY",),
    base_url_env=("TOGETHER_BASE_URL",),
    keys_url="https://api.together.ai/settings/api-keys",
)
