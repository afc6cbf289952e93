"""Mistral."""

from __future__ import annotations

from ...codecs.base import MediaSupport
from ...codecs.common.media_support import PICTURES
from ...codecs.openai_chat.quirks import OPEN_MODEL_NAMES, ChatQuirks
from ...codecs.operations.quirks import BatchQuirks, EmbeddingQuirks, FileQuirks, SpeechQuirks, TranscriptionQuirks
from ..operation_routes import embeddings, files, moderations, ocr, speech, transcriptions
from ..provider import Provider, Route

JOBS = BatchQuirks(
    path="/batch/jobs", most_requests=1_000_000, most_bytes=500_000_000, inline_requests=10_000, inline_bytes=20_000_000
)

OPERATIONS = (
    moderations(),
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
    operations=OPERATIONS,
    key_env=("MISTRAL_API_KEY",),
    base_url_env=("MISTRAL_BASE_URL",),
    keys_url="https://console.mistral.ai/api-keys",
)
