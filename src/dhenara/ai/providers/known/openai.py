"""OpenAI."""

from __future__ import annotations

from dataclasses import replace

from ...codecs.base import MediaSupport
from ...codecs.common.media_support import PICTURES
from ...codecs.openai_chat.quirks import ChatQuirks
from ...codecs.openai_responses.quirks import ResponsesQuirks
from ...codecs.operations.quirks import FileQuirks, ImageQuirks, ModerationQuirks, SpeechQuirks, TranscriptionQuirks
from ..operation_routes import (
    BATCHES,
    HEARING_PARAMS,
    SPEECH_PARAMS,
    embeddings,
    files,
    images,
    moderations,
    speech,
    transcriptions,
)
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

DRAWING = {"n": "n", "user": "user"}
# The values that the vendor documents for requests that do not set these options.
DALL_E_OPTIONS = {"size": "1024x1024", "quality": "standard"}
DIARIZING = TranscriptionQuirks(
    params={"language": "language", "temperature": "temperature"},
    # Longer recordings are rejected without chunking.
    defaults={"chunking_strategy": "auto"},
    timestamps="never",
    speakers={"response_format": "diarized_json"},
    streams=True,
)
UNTIMED = TranscriptionQuirks(params=HEARING_PARAMS, timestamps="never", streams=True)
UNINSTRUCTED = {**SPEECH_PARAMS, "instructions": None}

OPERATIONS = (
    moderations(ModerationQuirks(pictures=True)),
    images(
        ImageQuirks(params=DRAWING, edits_path=None, variations_path=None, price_options=DALL_E_OPTIONS), "dall-e-3*"
    ),
    images(ImageQuirks(params=DRAWING, price_options=DALL_E_OPTIONS), "dall-e-2*"),
    images(ImageQuirks(params=DRAWING, variations_path=None, streams=True), ONLY_DRAW),
    images(ImageQuirks(params=DRAWING, streams=True)),
    embeddings(),
    BATCHES,
    files(FileQuirks(params={"purpose": "purpose"}, default_purpose="user_data", expiry="anchored")),
    transcriptions(DIARIZING, "*-diarize*"),
    transcriptions(UNTIMED, "gpt-*"),
    transcriptions(),
    speech(SpeechQuirks(params=UNINSTRUCTED, default_voice="alloy"), "tts-1*"),
    speech(SpeechQuirks(params=SPEECH_PARAMS, default_voice="alloy")),
)

OPENAI = Provider(
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
    operations=OPERATIONS,
    by_chat={"count_tokens": ("openai_responses.count_tokens",)},
    key_env=("OPENAI_API_KEY",),
    base_url_env=("OPENAI_BASE_URL",),
    # The header that the vendor's SDK sends; endpoints without support ignore it.
    idempotency_header="idempotency-key",
    keys_url="https://platform.openai.com/api-keys",
)
