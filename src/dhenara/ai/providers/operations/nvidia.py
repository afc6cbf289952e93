"""Operations of NVIDIA other than chat."""

from __future__ import annotations

from ...codecs.operation_quirks import EmbeddingQuirks
from ..shared_operation_routes import embeddings

OPERATIONS = (
    embeddings(
        EmbeddingQuirks(
            params={"input_type": "input_type"},
            most_texts=96,
            encoding="float",
            input_types={"query": "query", "document": "passage"},
            defaults={"input_type": "passage"},
        )
    ),
)
