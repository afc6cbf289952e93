"""Operations of Azure AI Foundry other than chat."""

from __future__ import annotations

from ...dataclass import replace
from ..known.microsoft_openai import DATED, QUERY
from ..shared_operation_routes import PLAIN_EMBEDDINGS

OPERATIONS = (
    replace(PLAIN_EMBEDDINGS, prefix="/models", query=QUERY, when=DATED),
    replace(PLAIN_EMBEDDINGS, query=QUERY),
)
