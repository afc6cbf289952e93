"""llama.cpp, beside chat."""

from __future__ import annotations

from ..offers import embeddings, rerank

OPERATIONS = (embeddings(), rerank())
