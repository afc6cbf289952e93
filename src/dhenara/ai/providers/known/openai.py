"""OpenAI."""

from __future__ import annotations

from ...codecs.openai_chat.quirks import ChatQuirks
from ..provider import Provider, Route

PROVIDER = Provider(
    name="openai",
    base_url="https://api.openai.com/v1",
    routes=(Route("openai_chat", ChatQuirks()),),
    key_env=("OPENAI_API_KEY",),
    base_url_env=("OPENAI_BASE_URL",),
    keys_url="https://platform.openai.com/api-keys",
)
