"""Operations of OpenAI-compatible servers other than chat."""

from __future__ import annotations

from ...codecs.operation_quirks import ImageQuirks
from ..shared_operation_routes import PLAIN_EMBEDDINGS, images, moderations, rerank, speech, transcriptions

OPERATIONS = (
    rerank(),
    moderations(),
    images(ImageQuirks(params={"n": "n", "seed": "seed", "user": "user"}, streams=True)),
    PLAIN_EMBEDDINGS,
    transcriptions(),
    speech(),
)
