"""Operations of Mistral other than chat."""

from __future__ import annotations

from ...codecs.audio_quirks import SpeechQuirks, TranscriptionQuirks
from ...codecs.batch_quirks import BatchQuirks
from ...codecs.file_quirks import FileQuirks
from ...codecs.operation_quirks import EmbeddingQuirks
from ..provider import Route
from ..shared_operation_routes import embeddings, files, moderations, ocr, speech, transcriptions

JOBS = BatchQuirks(
    path="/batch/jobs", most_requests=1_000_000, most_bytes=500_000_000, inline_requests=10_000, inline_bytes=20_000_000
)

OPERATIONS = (
    moderations(),
    Route("openai_rest.mistral_batches", JOBS, operation="batches"),
    files(
        FileQuirks(
            params={"purpose": "purpose"},
            usual_purpose="ocr",
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
