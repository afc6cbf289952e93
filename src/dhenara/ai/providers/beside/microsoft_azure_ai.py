"""Azure AI Foundry, beside chat."""

from __future__ import annotations

from ...dataclass import replace
from ..known.microsoft_openai import DATED, QUERY
from ..offers import PLAIN_EMBEDDINGS

OPERATIONS = (
    replace(PLAIN_EMBEDDINGS, prefix="/models", query=QUERY, when=DATED),
    replace(PLAIN_EMBEDDINGS, query=QUERY),
)
