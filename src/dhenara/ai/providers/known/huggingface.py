"""Hugging Face inference router."""

from __future__ import annotations

from ...codecs.openai_chat.quirks import ChatQuirks
from ...codecs.openai_responses.quirks import ResponsesQuirks
from ..provider import Provider, Route

PROVIDER = Provider(
    name="huggingface",
    base_url="https://router.huggingface.co/v1",
    routes=(
        Route(
            "openai_chat",
            ChatQuirks(
                params={"max_output_tokens": "max_tokens"},
                terminal="finish",
                think_tags=True,
                document_shape="none",
            ),
        ),
        Route("openai_responses", ResponsesQuirks(summary=None, encrypted_reasoning=False)),
    ),
    key_env=(
        "HF_TOKEN",
        "HUGGINGFACE_API_KEY",
    ),
    base_url_env=("HUGGINGFACE_BASE_URL",),
    keys_url="https://huggingface.co/settings/tokens",
)
