"""Google Vertex AI, beside chat."""

from __future__ import annotations

from ...codecs.gemini.tasks import TASK_TYPES
from ...codecs.operation_quirks import EmbeddingQuirks, ImageQuirks
from ...dataclass import replace
from ..provider import Route

PREDICT = "/publishers/google/models/{name}:predict"
EMBEDDINGS = EmbeddingQuirks(
    path=PREDICT,
    params={"dimensions": "outputDimensionality", "input_type": "task_type", "truncate": "autoTruncate"},
    most_texts=250,
    # Twenty thousand tokens at once.
    most_bytes=50_000,
    input_types=TASK_TYPES,
)

OPERATIONS = (
    # One text a request is all that the newest of these models takes.
    Route("vertex.embeddings", replace(EMBEDDINGS, most_texts=1), "gemini-embedding*", operation="embed"),
    Route("vertex.embeddings", EMBEDDINGS, operation="embed"),
    Route("vertex.imagen", ImageQuirks(path=PREDICT), "imagen*", operation="image"),
)
