"""Cerebras."""

from __future__ import annotations

from ...codecs.openai_chat.quirks import ChatQuirks
from ..provider import Provider, Route

PROVIDER = Provider(
    name="cerebras",
    base_url="https://api.cerebras.ai/v1",
    routes=(
        Route(
            "openai_chat",
            ChatQuirks(
                params={"frequency_penalty": None, "presence_penalty": None, "logit_bias": None, "metadata": None},
                reasoning_out=("reasoning", "reasoning_content"),
                document_shape="none",
                audio_in=False,
            ),
        ),
    ),
    key_env=("CEREBRAS_API_KEY",),
    base_url_env=("CEREBRAS_BASE_URL",),
    keys_url="https://cloud.cerebras.ai",
)
