"""Azure OpenAI, beside chat."""

from __future__ import annotations

from ...codecs.operation_quirks import ImageQuirks
from ..known.microsoft_openai import both
from ..known.openai import ONLY_DRAW
from ..offers import embeddings, images
from .openai import DRAWING

OPERATIONS = (
    *both(embeddings()),
    *both(images(ImageQuirks(params=DRAWING, streams=True), ONLY_DRAW)),
    *both(images(ImageQuirks(params=DRAWING, streams=True))),
)
