"""DeepSeek."""

from __future__ import annotations

from ...codecs.anthropic.quirks import MessagesQuirks
from ...codecs.openai_chat.quirks import ChatQuirks
from ...codecs.openai_responses.quirks import ResponsesQuirks
from ..auth import header
from ..provider import Provider, Route

PROVIDER = Provider(
    name="deepseek",
    base_url="https://api.deepseek.com",
    routes=(
        Route(
            "openai_chat",
            ChatQuirks(
                params={
                    "max_output_tokens": "max_tokens",
                    "seed": None,
                    "logit_bias": None,
                    "n": None,
                    "parallel_tool_calls": None,
                    "service_tier": None,
                },
                reasoning_in="thinking_effort",
                efforts={"minimal": "low", "medium": "high", "xhigh": "max"},
                # The reasoning of a turn with tool calls must be sent back, or the request is rejected.
                reasoning_replay="tool_turns",
                strict_tools=False,
                structured=("prompt", "tool"),
                document_shape="none",
                audio_in=False,
            ),
        ),
        Route("openai_responses", ResponsesQuirks(summary=None, encrypted_reasoning=False, calls_last=True)),
        # Anthropic's protocol, if selected in the config.
        Route(
            "anthropic",
            MessagesQuirks(media_support={}),
            base="https://api.deepseek.com/anthropic",
            auth=header("x-api-key"),
        ),
    ),
    key_env=("DEEPSEEK_API_KEY",),
    base_url_env=("DEEPSEEK_BASE_URL",),
    keys_url="https://platform.deepseek.com/api_keys",
)
