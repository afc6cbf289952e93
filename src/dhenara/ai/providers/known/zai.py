"""Z.ai."""

from __future__ import annotations

from dataclasses import replace

from ...codecs.openai_chat.quirks import ChatQuirks
from ..provider import Provider, Route
from .common_routes import PLAIN_EMBEDDINGS

QUIRKS = ChatQuirks(
    params={"max_output_tokens": "max_tokens", "seed": None, "logit_bias": None, "n": None},
    reasoning_in="thinking",
    reasoning_replay="field",
    tool_choice_words={"required": None, "none": None},
    named_tool_choice=False,
    structured=("prompt", "tool"),
    web_search="nested",
    document_shape="none",
    video_shape="video_url",
)


PROVIDER = Provider(
    name="zai",
    base_url="https://api.z.ai/api/paas/v4",
    routes=(
        # Models with effort levels; for all others reasoning can only be turned on or off.
        Route("openai_chat", replace(QUIRKS, reasoning_in="thinking_effort"), models="glm-5.2*"),
        Route(
            "openai_chat",
            replace(
                QUIRKS,
                reasoning_in="thinking_effort",
                efforts={"minimal": "low", "medium": "high", "xhigh": "max"},
            ),
            models="glm-5.3*",
        ),
        Route("openai_chat", QUIRKS),
    ),
    operations=(PLAIN_EMBEDDINGS,),
    key_env=("ZAI_API_KEY",),
    base_url_env=("ZAI_BASE_URL",),
    keys_url="https://z.ai/manage-apikey/apikey-list",
)
