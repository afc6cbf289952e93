"""Voyage AI: embeddings and reranking, without chat."""

from __future__ import annotations

from ...codecs.operations.operation import EmbeddingQuirks, RerankQuirks
from ..provider import Provider, Route
from .common_routes import embeddings, rerank

SEEING = EmbeddingQuirks(
    path="/multimodalembeddings",
    params={"dimensions": "output_dimension", "input_type": "input_type", "truncate": "truncation"},
    most_texts=1000,
    most_bytes=300_000,
    input_types={"query": "query", "document": "document"},
    encoding="float",
    pictures=True,
)

PROVIDER = Provider(
    name="voyage",
    base_url="https://api.voyageai.com/v1",
    routes=(),
    operations=(
        rerank(RerankQuirks(params={"top_n": "top_k"}, results="data")),
        Route("openai_rest.multimodal_embeddings", SEEING, "voyage-multimodal*", operation="embed"),
        embeddings(
            EmbeddingQuirks(
                params={"dimensions": "output_dimension", "input_type": "input_type", "truncate": "truncation"},
                most_texts=1000,
                # The large models accept 120,000 tokens per request.
                most_bytes=300_000,
                input_types={"query": "query", "document": "document"},
            )
        ),
    ),
    key_env=("VOYAGE_API_KEY",),
    base_url_env=("VOYAGE_BASE_URL",),
    keys_url="https://dashboard.voyageai.com/organization/api-keys",
)
