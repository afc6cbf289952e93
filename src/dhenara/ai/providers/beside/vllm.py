"""vLLM, beside chat."""

from __future__ import annotations

from ..offers import PLAIN_EMBEDDINGS, rerank

OPERATIONS = (
    rerank(),
    PLAIN_EMBEDDINGS,
)
