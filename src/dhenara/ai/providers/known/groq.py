"""Groq."""

from __future__ import annotations

from dataclasses import replace

from ...codecs.base import MediaSupport
from ...codecs.common.media_support import PICTURES
from ...codecs.openai_chat.quirks import ChatQuirks
from ...codecs.openai_responses.quirks import ResponsesQuirks
from ...codecs.operations.audio import SpeechQuirks, TranscriptionQuirks
from ...codecs.operations.batch import FileQuirks
from ..operation_routes import BATCHES, HEARING_PARAMS, files, speech, transcriptions
from ..provider import Provider, Route

# Four megabytes for a request with images; URLs do not count.
MOST_BYTES = 4_000_000
TAKES = {"image": MediaSupport(PICTURES)}
QUIRKS = ChatQuirks(
    params={
        "max_output_tokens": "max_completion_tokens",
        "logit_bias": None,
        "logprobs": None,
        "top_logprobs": None,
        "metadata": None,
    },
    # Token counts are always in the last event; the option for them is rejected.
    stream_usage="always",
    reasoning_replay="field",
    reasoning_replay_field="reasoning",
    think_tags=True,
    document_shape="none",
    audio_in=False,
    # Schemas are not enforced, and rejected in combination with tools.
    schema_rules=None,
    structured_with_tools=False,
    connects_mcp=True,
    media_support=TAKES,
    most_request_bytes=MOST_BYTES,
)
# Models with enforced schemas and provider tools.
OPEN_WEIGHT = replace(
    QUIRKS, schema_rules=ChatQuirks().schema_rules, web_search="bare", web_search_type="browser_search", runs_code=True
)

# Models whose reasoning can only be turned on or off.
SWITCHED = replace(
    QUIRKS, efforts=dict.fromkeys(("minimal", "low", "medium", "high", "xhigh", "max"), "default") | {"none": "none"}
)

OPERATIONS = (
    BATCHES,
    files(FileQuirks(params={"purpose": "purpose"}, usual_purpose="batch")),
    transcriptions(
        TranscriptionQuirks(params=HEARING_PARAMS, translations_path="/audio/translations", audio_url="url")
    ),
    # Voices depend on the model, so the default is known only for the English one.
    speech(SpeechQuirks(params={"voice": "voice", "format": "response_format", "speed": "speed"}, usual_voice="troy")),
)

GROQ = Provider(
    name="groq",
    base_url="https://api.groq.com/openai/v1",
    routes=(
        Route("openai_chat", OPEN_WEIGHT, models="openai/gpt-oss-*"),
        Route("openai_chat", SWITCHED, models="qwen/*"),
        Route("openai_chat", QUIRKS),
        Route(
            "openai_responses", ResponsesQuirks(summary=None, encrypted_reasoning=False, most_request_bytes=MOST_BYTES)
        ),
    ),
    operations=OPERATIONS,
    key_env=("GROQ_API_KEY",),
    base_url_env=("GROQ_BASE_URL",),
    keys_url="https://console.groq.com/keys",
)
