"""Operations of Perplexity other than chat."""

from __future__ import annotations

from ...codecs.operation_quirks import EmbeddingQuirks
from ..shared_operation_routes import embeddings

OPERATIONS = (
    embeddings(
        EmbeddingQuirks(
            path="/v1/embeddings",
            params={"dimensions": "dimensions"},
            most_texts=512,
            most_bytes=300_000,
            encoding="base64_int8",
        )
    ),
)
