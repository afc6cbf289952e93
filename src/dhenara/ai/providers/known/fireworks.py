"""Fireworks."""

from __future__ import annotations

from ...codecs.openai_chat.quirks import OPEN_MODEL_NAMES, ChatQuirks
from ..provider import Provider, Route
from .common_routes import PLAIN_EMBEDDINGS

PROVIDER = Provider(
    name="fireworks",
    base_url="https://api.fireworks.ai/inference/v1",
    routes=(
        Route(
            "openai_chat",
            ChatQuirks(
                params=OPEN_MODEL_NAMES,
                reasoning_replay="field",
                think_tags=True,
                document_shape="none",
            ),
        ),
    ),
    operations=(PLAIN_EMBEDDINGS,),
    key_env=("FIREWORKS_API_KEY",),
    base_url_env=("FIREWORKS_BASE_URL",),
    keys_url="https://fireworks.ai/account/api-keys",
)
