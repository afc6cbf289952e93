"""Embeddings in the plainest words, and nothing else beside chat."""

from __future__ import annotations

from ..offers import PLAIN_EMBEDDINGS

OPERATIONS = (PLAIN_EMBEDDINGS,)
