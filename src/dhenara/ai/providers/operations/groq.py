"""Operations of Groq other than chat."""

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
    # Voices depend on the model, so the default is known only for the English one.
    speech(SpeechQuirks(params={"voice": "voice", "format": "response_format", "speed": "speed"}, usual_voice="troy")),
)
