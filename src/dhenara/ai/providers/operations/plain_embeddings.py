"""Plain embeddings, without any other operation."""

from __future__ import annotations

from ..shared_operation_routes import PLAIN_EMBEDDINGS

OPERATIONS = (PLAIN_EMBEDDINGS,)
