"""Deepgram: transcription and speech, without chat."""

from __future__ import annotations

from ...codecs.operations.audio import SpeechQuirks, TranscriptionQuirks
from ..auth import header
from ..provider import ModelListRoute, Provider, Route

PROVIDER = Provider(
    name="deepgram",
    base_url="https://api.deepgram.com/v1",
    routes=(),
    operations=(
        Route(
            "deepgram.transcription",
            TranscriptionQuirks(
                path="/listen",
                params={"language": "language"},
                defaults={"smart_format": True},
                timestamps="always",
                speakers={"diarize": "true"},
            ),
            operation="transcribe",
        ),
        Route("deepgram.speech", SpeechQuirks(path="/speak"), operation="speak"),
    ),
    auth=header("authorization", before="Token "),
    key_env=("DEEPGRAM_API_KEY",),
    base_url_env=("DEEPGRAM_BASE_URL",),
    keys_url="https://console.deepgram.com",
    listing=ModelListRoute(),
)
