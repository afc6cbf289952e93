"""Together."""

from __future__ import annotations

from ...codecs.openai_chat.quirks import OPEN_MODEL_NAMES, ChatQuirks
from ...codecs.operations.operation import ImageQuirks
from ..provider import Provider, Route
from .common_routes import PLAIN_EMBEDDINGS, images, rerank

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

PROVIDER = Provider(
    name="together",
    base_url="https://api.together.xyz/v1",
    routes=(
        Route(
            "openai_chat",
            ChatQuirks(
                params=OPEN_MODEL_NAMES,
                terminal="finish",
                think_tags=True,
                document_shape="none",
            ),
        ),
    ),
    operations=OPERATIONS,
    key_env=("TOGETHER_API_KEY",),
    base_url_env=("TOGETHER_BASE_URL",),
    keys_url="https://api.together.ai/settings/api-keys",
)
