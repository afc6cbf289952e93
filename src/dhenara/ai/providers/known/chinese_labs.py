"""Chinese labs with APIs of their own: Alibaba, DeepSeek, MiniMax, Moonshot, Z.ai."""

from __future__ import annotations

from dataclasses import replace

from ...codecs.operations.quirks import EmbeddingQuirks
from ...codecs.quirks import OPEN_MODEL_NAMES, ChatQuirks, MessagesQuirks, ResponsesQuirks
from ..auth import header
from ..operation_routes import PLAIN_EMBEDDINGS, embeddings
from ..provider import Provider, Route

ALIBABA_OPERATIONS = (
    embeddings(EmbeddingQuirks(params={"dimensions": "dimensions"}, most_texts=10, encoding="float")),
)

ALIBABA = Provider(
    name="alibaba",
    base_url="https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
    routes=(
        Route(
            "openai_chat",
            ChatQuirks(
                params=OPEN_MODEL_NAMES,
                reasoning_in="enable_thinking",
                limits_answer_only=True,
                web_search="switch",
                document_shape="none",
                prefill="partial",
                video_shape="video_url",
            ),
        ),
    ),
    operations=ALIBABA_OPERATIONS,
    key_env=(
        "DASHSCOPE_API_KEY",
        "ALIBABA_API_KEY",
    ),
    base_url_env=("ALIBABA_BASE_URL",),
    keys_url="https://modelstudio.console.alibabacloud.com",
)


DEEPSEEK = Provider(
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


MINIMAX = Provider(
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


MOONSHOT_QUIRKS = ChatQuirks(
    params={"max_output_tokens": "max_tokens"},
    reasoning_in="thinking",
    reasoning_replay="field",
    tool_choice_words={"required": None},
    named_tool_choice=False,
    document_shape="none",
    prefill="partial",
    video_shape="video_url",
)

MOONSHOT = Provider(
    name="moonshot",
    base_url="https://api.moonshot.ai/v1",
    routes=(
        # The third generation always reasons; the effort can be set.
        Route(
            "openai_chat",
            replace(
                MOONSHOT_QUIRKS, reasoning_in="effort", efforts={"minimal": "low", "medium": "high", "xhigh": "max"}
            ),
            models="kimi-k3*",
        ),
        Route("openai_chat", MOONSHOT_QUIRKS),
    ),
    key_env=("MOONSHOT_API_KEY",),
    base_url_env=("MOONSHOT_BASE_URL",),
    keys_url="https://platform.moonshot.ai/console/api-keys",
)


ZAI_QUIRKS = ChatQuirks(
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


ZAI = Provider(
    name="zai",
    base_url="https://api.z.ai/api/paas/v4",
    routes=(
        # Models with effort levels; for all others reasoning can only be turned on or off.
        Route("openai_chat", replace(ZAI_QUIRKS, reasoning_in="thinking_effort"), models="glm-5.2*"),
        Route(
            "openai_chat",
            replace(
                ZAI_QUIRKS,
                reasoning_in="thinking_effort",
                efforts={"minimal": "low", "medium": "high", "xhigh": "max"},
            ),
            models="glm-5.3*",
        ),
        Route("openai_chat", ZAI_QUIRKS),
    ),
    operations=(PLAIN_EMBEDDINGS,),
    key_env=("ZAI_API_KEY",),
    base_url_env=("ZAI_BASE_URL",),
    keys_url="https://z.ai/manage-apikey/apikey-list",
)
