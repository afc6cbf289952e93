"""Operations of Alibaba other than chat."""

from __future__ import annotations

from ...codecs.operation_quirks import EmbeddingQuirks
from ..shared_operation_routes import embeddings

OPERATIONS = (embeddings(EmbeddingQuirks(params={"dimensions": "dimensions"}, most_texts=10, encoding="float")),)
