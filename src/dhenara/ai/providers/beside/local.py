"""A small model in this process, beside chat."""

from __future__ import annotations

from ..offers import PLAIN_EMBEDDINGS, rerank

OPERATIONS = (
    PLAIN_EMBEDDINGS,
    rerank(),
)
