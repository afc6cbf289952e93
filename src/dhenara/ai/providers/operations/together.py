"""Operations of Together other than chat."""

from __future__ import annotations

from ...codecs.operation_quirks import ImageQuirks
from ..shared_operation_routes import PLAIN_EMBEDDINGS, images, rerank

OPERATIONS = (
    rerank(),
    images(
        ImageQuirks(
            params={"n": "n", "seed": "seed"},
            edits_path="/images/generations",
            variations_path=None,
            pictures="json",
            picture_field="image_url",
            picture_shape="string",
        )
    ),
    PLAIN_EMBEDDINGS,
)
