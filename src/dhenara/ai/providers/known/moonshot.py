"""Moonshot."""

from __future__ import annotations

from ...codecs.openai_chat.quirks import ChatQuirks
from ..provider import Provider, Route

PROVIDER = Provider(
    name="moonshot",
    base_url="https://api.moonshot.ai/v1",
    routes=(
        Route(
            "openai_chat",
            ChatQuirks(
                params={"max_output_tokens": "max_tokens"},
                reasoning_in="thinking",
                reasoning_replay="field",
                tool_choice_words={"required": None},
                named_tool_choice=False,
                document_shape="none",
                begun="partial",
            ),
        ),
    ),
    key_env=("MOONSHOT_API_KEY",),
    base_url_env=("MOONSHOT_BASE_URL",),
    keys_url="https://platform.moonshot.ai/console/api-keys",
    price_list="moonshotai",
)
