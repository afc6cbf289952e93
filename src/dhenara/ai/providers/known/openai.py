"""OpenAI."""

from __future__ import annotations

from ...codecs.media_support import PICTURES, MediaSupport
from ...codecs.openai_chat.quirks import ChatQuirks
from ...codecs.openai_responses.quirks import ResponsesQuirks
from ...dataclass import replace
from ..lazy_operations import LazyRoutes
from ..provider import Provider, Route

# Models that Chat Completions does not serve, or not with tools.
RESPONSES_ONLY = "gpt-6-astra*|*-pro|*-pro-20*|*-codex*|*-deep-research*|computer-use*"
ONLY_DRAW = "gpt-image*|chatgpt-image*"

# Cache markers are supported from 5.6 on.
MARKED = "gpt-5.6*|gpt-5.7*|gpt-5.8*|gpt-5.9*|gpt-6*"
SEARCHING = "*-search-preview*|*-search-api*"

# Fifty megabytes for a file, and for everything in one request.
MOST_BYTES = 50_000_000
DOCUMENT = MediaSupport(by_id=True, most_uploaded=MOST_BYTES)
SOUNDS = ("audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave", "audio/mpeg", "audio/mp3")
CHAT = ChatQuirks(
    cache_key=True,
    # The maximum effort is only available in Responses.
    efforts={"max": "xhigh"},
    media_support={"image": MediaSupport(PICTURES), "audio": MediaSupport(SOUNDS), "file": DOCUMENT},
    most_request_bytes=MOST_BYTES,
)
RESPONSES = ResponsesQuirks(
    media_support={"image": MediaSupport(PICTURES, by_id=True), "file": DOCUMENT}, most_request_bytes=MOST_BYTES
)


PROVIDER = Provider(
    name="openai",
    base_url="https://api.openai.com/v1",
    routes=(
        Route("openai_responses", replace(RESPONSES, cache_marks=True), models="gpt-6-astra*"),
        Route("openai_responses", RESPONSES, models=RESPONSES_ONLY),
        Route("openai_chat", replace(CHAT, web_search="options"), models=SEARCHING),
        Route("openai_chat", replace(CHAT, system_role="user"), models="o1-mini*|o1-preview*"),
        Route("openai_chat", replace(CHAT, cache_mark="prompt_cache_breakpoint"), models=MARKED),
        Route("openai_chat", CHAT),
        Route("openai_responses", replace(RESPONSES, cache_marks=True), models=MARKED),
        Route("openai_responses", RESPONSES),
    ),
    operations=LazyRoutes("openai", draws=f"dall-e-3*|dall-e-2*|{ONLY_DRAW}"),
    by_chat={"count_tokens": ("openai_responses.count_tokens",)},
    key_env=("OPENAI_API_KEY",),
    base_url_env=("OPENAI_BASE_URL",),
    # The header that the vendor's SDK sends; endpoints without support ignore it.
    idempotency_header="idempotency-key",
    keys_url="https://platform.openai.com/api-keys",
)
