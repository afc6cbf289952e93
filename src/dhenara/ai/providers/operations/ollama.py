"""Operations of Ollama other than chat."""

from __future__ import annotations

from ...codecs.operation_quirks import EmbeddingQuirks
from ..provider import Route

EMBEDDINGS = EmbeddingQuirks(
    path="/api/embed", params={"dimensions": "dimensions", "truncate": "truncate"}, most_texts=512
)

OPERATIONS = (Route("ollama.embeddings", EMBEDDINGS, operation="embed"),)
