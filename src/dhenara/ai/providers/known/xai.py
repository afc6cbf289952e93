"""xAI."""

from __future__ import annotations

from ...codecs.accepted import Accepted
from ...codecs.audio_quirks import SpeechQuirks, TranscriptionQuirks
from ...codecs.batch_quirks import BatchQuirks
from ...codecs.file_quirks import FileQuirks
from ...codecs.openai_chat.quirks import ChatQuirks
from ...codecs.openai_responses.quirks import ResponsesQuirks
from ...codecs.operation_quirks import ImageQuirks
from ..offers import files, images, speech, transcriptions
from ..provider import Provider, Route

TAKES = {"image": Accepted(("image/jpeg", "image/png"), 20 * 2**20)}
# Answers tell what they cost: a fifth less, where traffic was recorded.
BATCHES = BatchQuirks(most_requests=100_000, most_bytes=1_000_000_000, price_share="0.8")

PROVIDER = Provider(
    name="xai",
    base_url="https://api.x.ai/v1",
    routes=(
        Route(
            "openai_chat", ChatQuirks(reasoning_replay="field", document_shape="none", audio_in=False, accepted=TAKES)
        ),
        Route(
            "openai_responses",
            ResponsesQuirks(runs_custom_tools=True, blocked_domains="excluded_domains", accepted=TAKES),
        ),
    ),
    operations=(
        images(
            ImageQuirks(params={"n": "n", "user": "user"}, variations_path=None, pictures="json"),
            "grok-*image*|grok-imagine*",
        ),
        images(ImageQuirks(params={"n": "n", "user": "user"}, variations_path=None, pictures="json")),
        Route("openai_rest.fillings", BATCHES, operation="batches"),
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
    ),
    key_env=("XAI_API_KEY",),
    base_url_env=("XAI_BASE_URL",),
    keys_url="https://console.x.ai",
    price_list="x-ai",
)
