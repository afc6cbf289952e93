"""Moonshot."""

from __future__ import annotations

from dataclasses import replace

from ...codecs.openai_chat.quirks import ChatQuirks
from ..provider import Provider, Route

QUIRKS = ChatQuirks(
    params={"max_output_tokens": "max_tokens"},
    reasoning_in="thinking",
    reasoning_replay="field",
    tool_choice_words={"required": None},
    named_tool_choice=False,
    document_shape="none",
    begun="partial",
    video_shape="video_url",
)

PROVIDER = Provider(
    name="moonshot",
    base_url="https://api.moonshot.ai/v1",
    routes=(
        # The third generation always reasons; the effort can be set.
        Route(
            "openai_chat",
            replace(QUIRKS, reasoning_in="effort", efforts={"minimal": "low", "medium": "high", "xhigh": "max"}),
            models="kimi-k3*",
        ),
        Route("openai_chat", QUIRKS),
    ),
    key_env=("MOONSHOT_API_KEY",),
    base_url_env=("MOONSHOT_BASE_URL",),
    keys_url="https://platform.moonshot.ai/console/api-keys",
    price_list="moonshotai",
)
