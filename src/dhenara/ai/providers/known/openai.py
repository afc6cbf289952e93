"""OpenAI."""

from __future__ import annotations

from ...codecs.openai_chat.quirks import ChatQuirks
from ...codecs.openai_responses.quirks import ResponsesQuirks
from ..provider import Provider, Route

# Models that Chat Completions does not serve, or not with tools.
RESPONSES_ONLY = "gpt-6-astra*|*-pro|*-pro-20*|*-codex*|*-deep-research*|computer-use*"

SEARCHING = "*-search-preview*|*-search-api*"

PROVIDER = Provider(
    name="openai",
    base_url="https://api.openai.com/v1",
    routes=(
        Route("openai_responses", ResponsesQuirks(), models=RESPONSES_ONLY),
        Route("openai_chat", ChatQuirks(web_search="options"), models=SEARCHING),
        Route("openai_chat", ChatQuirks()),
        Route("openai_responses", ResponsesQuirks()),
    ),
    key_env=("OPENAI_API_KEY",),
    base_url_env=("OPENAI_BASE_URL",),
    keys_url="https://platform.openai.com/api-keys",
)
