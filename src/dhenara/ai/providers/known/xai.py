"""xAI."""

from __future__ import annotations

from ...codecs.media_support import MediaSupport
from ...codecs.openai_chat.quirks import ChatQuirks
from ...codecs.openai_responses.quirks import ResponsesQuirks
from ..lazy_operations import LazyRoutes
from ..provider import Provider, Route

TAKES = {"image": MediaSupport(("image/jpeg", "image/png"), 20 * 2**20)}

PROVIDER = Provider(
    name="xai",
    base_url="https://api.x.ai/v1",
    routes=(
        Route(
            "openai_chat",
            ChatQuirks(reasoning_replay="field", document_shape="none", audio_in=False, media_support=TAKES),
        ),
        Route(
            "openai_responses",
            ResponsesQuirks(runs_custom_tools=True, blocked_domains="excluded_domains", media_support=TAKES),
        ),
    ),
    operations=LazyRoutes("xai", draws="grok-*image*|grok-imagine*"),
    key_env=("XAI_API_KEY",),
    base_url_env=("XAI_BASE_URL",),
    keys_url="https://console.x.ai",
    price_list="x-ai",
)
