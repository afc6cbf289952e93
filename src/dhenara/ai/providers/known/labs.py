"""Labs with APIs of their own: OpenAI, Mistral, xAI."""

from __future__ import annotations

from dataclasses import replace

from ...codecs.base import MediaSupport
from ...codecs.common.media_support import PICTURES
from ...codecs.operations.quirks import (
    BatchQuirks,
    EmbeddingQuirks,
    FileQuirks,
    ImageQuirks,
    ModerationQuirks,
    SpeechQuirks,
    StoreQuirks,
    TranscriptionQuirks,
)
from ...codecs.quirks import OPEN_MODEL_NAMES, ChatQuirks, ResponsesQuirks
from ...http.protocol.message import HttpRequest
from ..auth import AuthContext, bearer
from ..operation_routes import (
    BATCHES,
    HEARING_PARAMS,
    SPEECH_PARAMS,
    embeddings,
    files,
    images,
    moderations,
    ocr,
    speech,
    transcriptions,
    vector_stores,
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

OPENAI_OPERATIONS = (
    moderations(ModerationQuirks(pictures=True)),
    images(
        ImageQuirks(params=DRAWING, edits_path=None, variations_path=None, price_options=DALL_E_OPTIONS), "dall-e-3*"
    ),
    images(ImageQuirks(params=DRAWING, price_options=DALL_E_OPTIONS), "dall-e-2*"),
    images(ImageQuirks(params=DRAWING, variations_path=None, streams=True), ONLY_DRAW),
    images(ImageQuirks(params=DRAWING, streams=True)),
    embeddings(),
    BATCHES,
    files(
        FileQuirks(
            params={"purpose": "purpose"},
            default_purpose="user_data",
            expiry="anchored",
            containers="/containers/{container}/files",
            skills="/skills",
        )
    ),
    *vector_stores(
        "openai_rest.vector_stores",
        StoreQuirks(headers={"openai-beta": "assistants=v2"}, file_purpose="assistants"),
        has_search=True,
    ),
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
    operations=OPENAI_OPERATIONS,
    by_chat={"count_tokens": ("openai_responses.count_tokens",)},
    key_env=("OPENAI_API_KEY",),
    base_url_env=("OPENAI_BASE_URL",),
    # The header that the vendor's SDK sends; endpoints without support ignore it.
    idempotency_header="idempotency-key",
    keys_url="https://platform.openai.com/api-keys",
)


JOBS = BatchQuirks(
    path="/batch/jobs", most_requests=1_000_000, most_bytes=500_000_000, inline_requests=10_000, inline_bytes=20_000_000
)

MISTRAL_OPERATIONS = (
    moderations(),
    *vector_stores("openai_rest.libraries", StoreQuirks(path="/libraries")),
    Route("openai_rest.mistral_batches", JOBS, operation="batches"),
    files(
        FileQuirks(
            params={"purpose": "purpose"},
            default_purpose="ocr",
            expiry="hours",
            pages="number",
            size_field="page_size",
        )
    ),
    transcriptions(
        TranscriptionQuirks(
            params={"language": "language", "temperature": "temperature"},
            timestamps="plain",
            speakers={"diarize": "true"},
            audio_url="file_url",
            audio_id="file_id",
            streams=True,
        )
    ),
    speech(
        SpeechQuirks(params={"voice": "voice_id", "format": "response_format"}, formats={"aac": None}, answers="json")
    ),
    ocr(),
    embeddings(
        EmbeddingQuirks(params={"dimensions": "output_dimension"}, most_texts=512, most_bytes=40_000, encoding="float")
    ),
)

MISTRAL = Provider(
    name="mistral",
    base_url="https://api.mistral.ai/v1",
    routes=(
        Route(
            "openai_chat",
            ChatQuirks(
                params={
                    **OPEN_MODEL_NAMES,
                    "seed": "random_seed",
                    "logit_bias": None,
                    "user": None,
                },
                # Unknown fields are rejected; token counts are always sent.
                stream_usage="always",
                efforts={"minimal": "none", "low": "high", "medium": "high", "xhigh": "high", "max": "high"},
                tool_choice_words={"required": "any"},
                tool_id="nine",
                user_after_tools=False,
                prefill="prefix",
                reasoning_replay="chunks",
                image_shape="string",
                audio_shape="string",
                document_shape="document_url",
                empty_content="empty",
                media_support={"image": MediaSupport(PICTURES, 10_000_000), "file": MediaSupport((), 50_000_000)},
            ),
        ),
    ),
    operations=MISTRAL_OPERATIONS,
    key_env=("MISTRAL_API_KEY",),
    base_url_env=("MISTRAL_BASE_URL",),
    keys_url="https://console.mistral.ai/api-keys",
)


TAKES = {"image": MediaSupport(("image/jpeg", "image/png"), 20 * 2**20)}

# Responses report their cost: in recorded traffic a fifth less.
XAI_BATCHES = BatchQuirks(most_requests=100_000, most_bytes=1_000_000_000, price_share="0.8")

COLLECTIONS = StoreQuirks(path="/collections", file_purpose="assistants")
XAI_MANAGEMENT = "https://management-api.x.ai/v1"


def management_key(request: HttpRequest, auth: AuthContext) -> HttpRequest:
    """Send the management key, which collections need, or else the key of the API."""
    key = auth.config.get("management_api_key") or auth.key
    return bearer(request, replace(auth, key=str(key))) if key else request


XAI_OPERATIONS = (
    images(
        ImageQuirks(params={"n": "n", "user": "user"}, variations_path=None, pictures="json"),
        "grok-*image*|grok-imagine*",
    ),
    images(ImageQuirks(params={"n": "n", "user": "user"}, variations_path=None, pictures="json")),
    Route("openai_rest.xai_batches", XAI_BATCHES, operation="batches"),
    files(FileQuirks(params={"purpose": "purpose"}, expiry="seconds", pages="token")),
    Route(
        "openai_rest.collections",
        COLLECTIONS,
        base=XAI_MANAGEMENT,
        base_url_env=("XAI_BASE_URL",),
        operation="vector_stores",
        auth=management_key,
    ),
    Route("openai_rest.collections", COLLECTIONS, operation="search_vector_store"),
    transcriptions(
        TranscriptionQuirks(
            path="/stt",
            params={"language": "language"},
            names_model=False,
            timestamps="always",
            speakers={"diarize": "true"},
            audio_url="url",
        )
    ),
    speech(
        SpeechQuirks(
            path="/tts",
            text="text",
            names_model=False,
            params={
                "voice": "voice_id",
                "format": "output_format",
                "speed": "speed",
                "language": "language",
            },
            defaults={"language": "auto"},
            formats={
                "mp3": {"codec": "mp3"},
                "wav": {"codec": "wav"},
                "pcm": {"codec": "pcm"},
                **dict.fromkeys(("opus", "flac", "aac")),
            },
        )
    ),
)

XAI = Provider(
    name="xai",
    base_url="https://api.x.ai/v1",
    routes=(
        Route(
            "openai_chat",
            ChatQuirks(
                reasoning_replay="field",
                reasoning_separate=True,
                document_shape="none",
                audio_in=False,
                media_support=TAKES,
            ),
        ),
        Route(
            "openai_responses",
            ResponsesQuirks(
                runs_custom_tools=True,
                blocked_domains="excluded_domains",
                media_support=TAKES,
                hosted_tools=frozenset({"x_search", "image_generation"}),
                mcp_approval=False,
            ),
        ),
    ),
    operations=XAI_OPERATIONS,
    hosts=("https://api.x.ai", "https://{place}.api.x.ai", XAI_MANAGEMENT),
    key_env=("XAI_API_KEY",),
    config_env={"management_api_key": ("XAI_MANAGEMENT_API_KEY", "XAI_MANAGEMENT_KEY")},
    base_url_env=("XAI_BASE_URL",),
    keys_url="https://console.x.ai",
)
