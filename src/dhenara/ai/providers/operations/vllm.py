"""Operations of vLLM other than chat."""

from __future__ import annotations

from ..shared_operation_routes import PLAIN_EMBEDDINGS, rerank

OPERATIONS = (
    rerank(),
    PLAIN_EMBEDDINGS,
)
