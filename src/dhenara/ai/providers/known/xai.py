"""xAI."""

from __future__ import annotations

from ...codecs.base import MediaSupport
from ...codecs.openai_chat.quirks import ChatQuirks
from ...codecs.openai_responses.quirks import ResponsesQuirks
from ...codecs.operations.quirks import BatchQuirks, FileQuirks, ImageQuirks, SpeechQuirks, TranscriptionQuirks
from ..operation_routes import files, images, speech, transcriptions
from ..provider import Provider, Route

TAKES = {"image": MediaSupport(("image/jpeg", "image/png"), 20 * 2**20)}

# Responses report their cost: in recorded traffic a fifth less.
BATCHES = BatchQuirks(most_requests=100_000, most_bytes=1_000_000_000, price_share="0.8")

OPERATIONS = (
    images(
        ImageQuirks(params={"n": "n", "user": "user"}, variations_path=None, pictures="json"),
        "grok-*image*|grok-imagine*",
    ),
    images(ImageQuirks(params={"n": "n", "user": "user"}, variations_path=None, pictures="json")),
    Route("openai_rest.xai_batches", BATCHES, operation="batches"),
    files(FileQuirks(params={"purpose": "purpose"}, expiry="seconds", pages="token")),
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
            ResponsesQuirks(runs_custom_tools=True, blocked_domains="excluded_domains", media_support=TAKES),
        ),
    ),
    operations=OPERATIONS,
    key_env=("XAI_API_KEY",),
    base_url_env=("XAI_BASE_URL",),
    keys_url="https://console.x.ai",
)
