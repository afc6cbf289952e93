"""Cerebras."""

from __future__ import annotations

from dataclasses import replace

from ...codecs.openai_chat.quirks import ChatQuirks
from ...schema.rules import CLOSED, NUMBERS
from ..provider import Provider, Route

QUIRKS = ChatQuirks(
    params={"frequency_penalty": None, "presence_penalty": None, "logit_bias": None, "metadata": None},
    reasoning_out=("reasoning", "reasoning_content"),
    reasoning_replay="field",
    reasoning_replay_field="reasoning",
    document_shape="none",
    schema_rules=replace(CLOSED, recursion=True, formats=frozenset(), keywords=NUMBERS),
    audio_in=False,
)

PROVIDER = Provider(
    name="cerebras",
    base_url="https://api.cerebras.ai/v1",
    routes=(
        # GLM expects its reasoning inside of the text.
        Route("openai_chat", replace(QUIRKS, reasoning_replay="tags", think_tags=True), models="zai-glm*"),
        Route("openai_chat", QUIRKS),
    ),
    key_env=("CEREBRAS_API_KEY",),
    base_url_env=("CEREBRAS_BASE_URL",),
    keys_url="https://cloud.cerebras.ai",
)
