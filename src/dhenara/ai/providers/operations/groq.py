"""Groq, beside chat."""

from __future__ import annotations

from ...codecs.audio_quirks import SpeechQuirks, TranscriptionQuirks
from ...codecs.file_quirks import FileQuirks
from ..shared_operation_routes import BATCHES, HEARING_PARAMS, files, speech, transcriptions

OPERATIONS = (
    BATCHES,
    files(FileQuirks(params={"purpose": "purpose"}, usual_purpose="batch")),
    transcriptions(
        TranscriptionQuirks(params=HEARING_PARAMS, translations_path="/audio/translations", audio_url="url")
    ),
    # Its voices belong to its models, so only an English one is known to be there.
    speech(SpeechQuirks(params={"voice": "voice", "format": "response_format", "speed": "speed"}, usual_voice="troy")),
)
