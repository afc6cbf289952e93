"""Operations of OpenAI other than chat."""

from __future__ import annotations

from ...codecs.audio_quirks import SpeechQuirks, TranscriptionQuirks
from ...codecs.file_quirks import FileQuirks
from ...codecs.operation_quirks import ImageQuirks, ModerationQuirks
from ..known.openai import ONLY_DRAW
from ..shared_operation_routes import (
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

DRAWING = {"n": "n", "user": "user"}
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
    images(ImageQuirks(params=DRAWING, edits_path=None, variations_path=None), "dall-e-3*"),
    images(ImageQuirks(params=DRAWING), "dall-e-2*"),
    images(ImageQuirks(params=DRAWING, variations_path=None, streams=True), ONLY_DRAW),
    images(ImageQuirks(params=DRAWING, streams=True)),
    embeddings(),
    BATCHES,
    files(FileQuirks(params={"purpose": "purpose"}, usual_purpose="user_data", expiry="anchored")),
    transcriptions(DIARIZING, "*-diarize*"),
    transcriptions(UNTIMED, "gpt-*"),
    transcriptions(),
    speech(SpeechQuirks(params=UNINSTRUCTED, usual_voice="alloy"), "tts-1*"),
    speech(SpeechQuirks(params=SPEECH_PARAMS, usual_voice="alloy")),
)
