"""Operations of Cohere other than chat."""

from __future__ import annotations

from ...codecs.audio_quirks import TranscriptionQuirks
from ...codecs.operation_quirks import EmbeddingQuirks, RerankQuirks
from ..provider import Route
from ..shared_operation_routes import rerank, transcriptions

EMBEDDINGS = EmbeddingQuirks(
    path="/v2/embed",
    pictures=True,
    params={"dimensions": "output_dimension", "input_type": "input_type", "truncate": "truncate"},
    most_texts=96,
    input_types={
        "query": "search_query",
        "document": "search_document",
        "classification": "classification",
        "clustering": "clustering",
    },
)

OPERATIONS = (
    transcriptions(
        TranscriptionQuirks(
            path="/v2/audio/transcriptions",
            params={"language": "language", "temperature": "temperature"},
            needs=("language",),
            timestamps="never",
        )
    ),
    rerank(RerankQuirks(path="/v2/rerank")),
    Route("cohere.embeddings", EMBEDDINGS, operation="embed"),
)
