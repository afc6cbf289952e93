"""Embeddings in the plainest words, and nothing else beside chat."""

from __future__ import annotations

from ..shared_operation_routes import PLAIN_EMBEDDINGS

OPERATIONS = (PLAIN_EMBEDDINGS,)
