"""Operations of Google AI other than chat."""

from __future__ import annotations

from ...codecs.batch_quirks import BatchQuirks
from ...codecs.file_quirks import FileQuirks
from ...codecs.gemini.tasks import TASK_TYPES
from ...codecs.operation_quirks import EmbeddingQuirks, ImageQuirks
from ...dataclass import replace
from ..provider import Route

# Models before the second generation do not support images.
SEEING = "gemini-embedding-2*|models/gemini-embedding-2*"
EMBEDDINGS = EmbeddingQuirks(
    path="/{model}:batchEmbedContents",
    params={"dimensions": "outputDimensionality", "input_type": "taskType"},
    most_texts=100,
    input_types=TASK_TYPES,
)
MULTIMODAL = replace(EMBEDDINGS, pictures=True, media=("audio", "video", "file"))
# A request with inline calls is limited to 20 MB, a file of calls to 2 GB.
BATCHES = BatchQuirks(most_requests=200_000, most_bytes=2_000_000_000, inline_requests=1_000, inline_bytes=18_000_000)

OPERATIONS = (
    Route("gemini.embeddings", MULTIMODAL, SEEING, operation="embed"),
    Route("gemini.embeddings", EMBEDDINGS, operation="embed"),
    Route("gemini.batches", BATCHES, operation="batches"),
    Route("gemini.files", FileQuirks(), operation="files"),
    Route("vertex.imagen", ImageQuirks(path="/{model}:predict"), "imagen*|models/imagen*", operation="image"),
)
