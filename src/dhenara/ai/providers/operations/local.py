"""A small model in this process, beside chat."""

from __future__ import annotations

from ..shared_operation_routes import PLAIN_EMBEDDINGS, rerank

OPERATIONS = (
    PLAIN_EMBEDDINGS,
    rerank(),
)
