"""Cohere."""

from __future__ import annotations

from ...codecs.cohere.quirks import CohereQuirks
from ...codecs.operations.audio import TranscriptionQuirks
from ...codecs.operations.operation import EmbeddingQuirks, RerankQuirks
from ..base_urls import strip_suffixes
from ..operation_routes import rerank, transcriptions
from ..provider import ModelListRoute, Provider, Route

EMBEDDINGS = EmbeddingQuirks(
    path="/v2/embed",
    pictures=True,
    params={"dimensions": "output_dimension", "input_type": "input_type", "truncate": "truncate"},
    most_texts=96,
    input_types={
        "query": "search_query",
        "document": "search_document",
        "classification": "classification",
        "clustering": "clustering",
    },
)

OPERATIONS = (
    transcriptions(
        TranscriptionQuirks(
            path="/v2/audio/transcriptions",
            params={"language": "language", "temperature": "temperature"},
            needs=("language",),
            timestamps="never",
        )
    ),
    rerank(RerankQuirks(path="/v2/rerank")),
    Route("cohere.embeddings", EMBEDDINGS, operation="embed"),
)

COHERE = Provider(
    name="cohere",
    base_url="https://api.cohere.com",
    routes=(Route("cohere", CohereQuirks()),),
    operations=OPERATIONS,
    key_env=("COHERE_API_KEY", "CO_API_KEY"),
    base_url_env=("COHERE_BASE_URL", "CO_API_URL"),
    read_address=strip_suffixes("/v2/chat", "/v2", "/v1"),
    keys_url="https://dashboard.cohere.com/api-keys",
    listing=ModelListRoute("/v1/models", {"page_size": "1000"}),
)
