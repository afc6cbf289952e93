"""MiniMax."""

from __future__ import annotations

from ...codecs.anthropic.quirks import MessagesQuirks
from ...codecs.openai_chat.quirks import ChatQuirks
from ..auth import header
from ..provider import Provider, Route

PROVIDER = Provider(
    name="minimax",
    base_url="https://api.minimax.io/v1",
    routes=(
        Route(
            "openai_chat",
            ChatQuirks(
                params={"max_output_tokens": "max_tokens"},
                reasoning_in="none",
                think_tags=True,
                reasoning_replay="tags",
                document_shape="none",
            ),
        ),
        # Anthropic's protocol, if selected in the config.
        Route(
            "anthropic",
            MessagesQuirks(media_support={}),
            base="https://api.minimax.io/anthropic",
            auth=header("x-api-key"),
        ),
    ),
    key_env=("MINIMAX_API_KEY",),
    base_url_env=("MINIMAX_BASE_URL",),
    keys_url="https://platform.minimax.io",
)
