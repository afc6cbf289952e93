"""Operations of Google Vertex AI other than chat."""

from __future__ import annotations

from ...codecs.gemini.tasks import TASK_TYPES
from ...codecs.operation_quirks import EmbeddingQuirks, ImageQuirks
from ...dataclass import replace
from ..provider import Route

PREDICT = "/{name}:predict"
PLACES = ("", "models/", "google/", "publishers/google/models/")
EMBEDDINGS = EmbeddingQuirks(
    path=PREDICT,
    params={"dimensions": "outputDimensionality", "input_type": "task_type", "truncate": "autoTruncate"},
    most_texts=250,
    # Twenty thousand tokens per request.
    most_bytes=50_000,
    input_types=TASK_TYPES,
)

# The second generation: one input per request, with images and audio.
EMBED_CONTENT = EmbeddingQuirks(
    path="/{name}:embedContent",
    params={"dimensions": "outputDimensionality", "input_type": "taskType", "truncate": "autoTruncate"},
    most_texts=1,
    input_types=TASK_TYPES,
    pictures=True,
    media=("audio", "video", "file"),
)


def called(*names: str) -> str:
    """Patterns for models of these names, also as resource names."""
    return "|".join(f"{place}{name}" for place in PLACES for name in names)


def in_project(*names: str) -> str:
    """Patterns for models whose names say the project too, which the address then does not say again."""
    return "|".join(f"projects/*/publishers/google/models/{name}" for name in names)


FIRST = ("gemini-embedding-001*", "gemini-embedding-exp*")
SECOND = ("gemini-embedding*",)
IMAGEN = ("imagen*",)
# One text a request is all that the first models take.
ONE = replace(EMBEDDINGS, most_texts=1)
DRAWS = ImageQuirks(path=PREDICT)

OPERATIONS = (
    Route("vertex.embeddings", ONE, in_project(*FIRST), operation="embed", prefix="/v1beta1"),
    Route("vertex.embed_content", EMBED_CONTENT, in_project(*SECOND), operation="embed", prefix="/v1beta1"),
    Route("vertex.embeddings", EMBEDDINGS, "projects/*", operation="embed", prefix="/v1beta1"),
    Route("vertex.imagen", DRAWS, in_project(*IMAGEN), operation="image", prefix="/v1beta1"),
    Route("vertex.embeddings", ONE, called(*FIRST), operation="embed"),
    Route("vertex.embed_content", EMBED_CONTENT, called(*SECOND), operation="embed"),
    Route("vertex.embeddings", EMBEDDINGS, operation="embed"),
    Route("vertex.imagen", DRAWS, called(*IMAGEN), operation="image"),
)
