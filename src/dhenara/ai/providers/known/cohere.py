"""Cohere."""

from __future__ import annotations

from ...codecs.audio_quirks import TranscriptionQuirks
from ...codecs.cohere.quirks import CohereQuirks
from ...codecs.operation_quirks import EmbeddingQuirks, RerankQuirks
from ..listing import Listing
from ..offers import rerank, transcriptions
from ..provider import Provider, Route

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

PROVIDER = Provider(
    name="cohere",
    base_url="https://api.cohere.com",
    routes=(Route("cohere", CohereQuirks()),),
    operations=(
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
    ),
    key_env=("COHERE_API_KEY", "CO_API_KEY"),
    base_url_env=("COHERE_BASE_URL", "CO_API_URL"),
    keys_url="https://dashboard.cohere.com/api-keys",
    listing=Listing("/v1/models", {"page_size": "1000"}),
)
