"""Operations of OpenRouter other than chat."""

from __future__ import annotations

from ...codecs.audio_quirks import SpeechQuirks, TranscriptionQuirks
from ...codecs.operation_quirks import EmbeddingQuirks
from ..shared_operation_routes import HEARING_PARAMS, SPEECH_PARAMS, embeddings, rerank, speech, transcriptions

EMBEDDINGS = EmbeddingQuirks(
    params={"dimensions": "dimensions", "input_type": "input_type", "user": "user"},
    most_texts=256,
    # Values of the upstream provider, which they are passed on to.
    input_types={"query": "search_query", "document": "search_document"},
)

OPERATIONS = (
    embeddings(EMBEDDINGS),
    rerank(),
    transcriptions(TranscriptionQuirks(params=HEARING_PARAMS)),
    speech(SpeechQuirks(params=SPEECH_PARAMS, usual_voice="alloy")),
)
