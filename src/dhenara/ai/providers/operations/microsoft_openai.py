"""Operations of Azure OpenAI other than chat."""

from __future__ import annotations

from ...codecs.operation_quirks import ImageQuirks
from ..known.microsoft_openai import both_versions
from ..known.openai import ONLY_DRAW
from ..shared_operation_routes import embeddings, images
from .openai import DRAWING

OPERATIONS = (
    *both_versions(embeddings()),
    *both_versions(images(ImageQuirks(params=DRAWING, streams=True), ONLY_DRAW)),
    *both_versions(images(ImageQuirks(params=DRAWING, streams=True))),
)
