"""Operations of llama.cpp other than chat."""

from __future__ import annotations

from ..shared_operation_routes import embeddings, rerank

OPERATIONS = (embeddings(), rerank())
