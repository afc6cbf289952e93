"""NVIDIA."""

from __future__ import annotations

from ...codecs.openai_chat.quirks import ChatQuirks
from ..lazy_operations import LazyRoutes
from ..provider import Provider, Route

PROVIDER = Provider(
    name="nvidia",
    base_url="https://integrate.api.nvidia.com/v1",
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
    operations=LazyRoutes("nvidia"),
    key_env=("NVIDIA_API_KEY",),
    base_url_env=("NVIDIA_BASE_URL",),
    keys_url="https://build.nvidia.com/settings/api-keys",
)
