"""Operations of the in-process model other than chat."""

from __future__ import annotations

from ..shared_operation_routes import PLAIN_EMBEDDINGS, rerank

OPERATIONS = (
    PLAIN_EMBEDDINGS,
    rerank(),
)
