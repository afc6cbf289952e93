"""Operations of Amazon Bedrock other than chat."""

from __future__ import annotations

from ...codecs.operation_quirks import EmbeddingQuirks, RerankQuirks
from ...dataclass import replace
from ..known.amazon_bedrock import AGENTS
from ..provider import Route
from .cohere import EMBEDDINGS

INVOKE = "/model/{model}/invoke"
TITAN = EmbeddingQuirks(path=INVOKE, params={"dimensions": "dimensions"}, most_texts=1)
NOVA = EmbeddingQuirks(
    path=INVOKE,
    params={"dimensions": "embeddingDimension", "input_type": "embeddingPurpose", "truncate": "truncationMode"},
    most_texts=1,
    input_types={
        "query": "GENERIC_RETRIEVAL",
        "document": "GENERIC_INDEX",
        "classification": "CLASSIFICATION",
        "clustering": "CLUSTERING",
    },
    pictures=True,
    media=("audio", "video"),
)
COHERE = replace(EMBEDDINGS, path=INVOKE, names_model=False)

OPERATIONS = (
    Route("converse.rerank", RerankQuirks(), base=AGENTS, operation="rerank"),
    Route("cohere.embeddings", COHERE, "*cohere.embed*", operation="embed"),
    Route("converse.nova_embeddings", NOVA, "*nova*embed*", operation="embed"),
    Route("converse.titan", TITAN, "*titan-embed*", operation="embed"),
)
