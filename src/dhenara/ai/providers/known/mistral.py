"""Mistral."""

from __future__ import annotations

from ...codecs.media_support import PICTURES, MediaSupport
from ...codecs.openai_chat.quirks import ChatQuirks
from ..lazy_operations import LazyRoutes
from ..provider import Provider, Route

PROVIDER = Provider(
    name="mistral",
    base_url="https://api.mistral.ai/v1",
    routes=(
        Route(
            "openai_chat",
            ChatQuirks(
                params={
                    "max_output_tokens": "max_tokens",
                    "seed": "random_seed",
                    "logit_bias": None,
                    "top_k": "top_k",
                    "user": None,
                },
                # Unknown fields are rejected; token counts are always sent.
                stream_usage="always",
                efforts={"minimal": "none", "low": "high", "medium": "high", "xhigh": "high", "max": "high"},
                tool_choice_words={"required": "any"},
                tool_id="nine",
                user_after_tools=False,
                begun="prefix",
                reasoning_replay="chunks",
                image_shape="string",
                audio_shape="string",
                document_shape="document_url",
                empty_content="empty",
                media_support={"image": MediaSupport(PICTURES, 10_000_000), "file": MediaSupport((), 50_000_000)},
            ),
        ),
    ),
    operations=LazyRoutes("mistral"),
    key_env=("MISTRAL_API_KEY",),
    base_url_env=("MISTRAL_BASE_URL",),
    keys_url="https://console.mistral.ai/api-keys",
)
