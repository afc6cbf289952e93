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

# The second generation, which takes one content a request and sees and hears.
EMBED_CONTENT = EmbeddingQuirks(
    path="/publishers/google/models/{name}:embedContent",
    params={"dimensions": "outputDimensionality", "input_type": "taskType", "truncate": "autoTruncate"},
    most_texts=1,
    input_types=TASK_TYPES,
    pictures=True,
    media=("audio", "video", "file"),
)
FIRST = "gemini-embedding-001*|gemini-embedding-exp*"

OPERATIONS = (
    # One text a request is all that these models take.
    Route("vertex.embeddings", replace(EMBEDDINGS, most_texts=1), FIRST, operation="embed"),
    Route("vertex.embed_content", EMBED_CONTENT, "gemini-embedding*", operation="embed"),
    Route("vertex.embeddings", EMBEDDINGS, operation="embed"),
    Route("vertex.imagen", ImageQuirks(path=PREDICT), "imagen*", operation="image"),
)
