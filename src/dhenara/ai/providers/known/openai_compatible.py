"""Any server with a Chat Completions API."""

from __future__ import annotations

from ...codecs.openai_chat.quirks import OPEN_MODEL_NAMES, ChatQuirks
from ...codecs.openai_responses.quirks import ResponsesQuirks
from ...codecs.operations.operation import ImageQuirks
from ..provider import Provider, Route
from .common_routes import PLAIN_EMBEDDINGS, images, moderations, rerank, speech, transcriptions

OPERATIONS = (
    rerank(),
    moderations(),
    images(ImageQuirks(params={"n": "n", "seed": "seed", "user": "user"}, streams=True)),
    PLAIN_EMBEDDINGS,
    transcriptions(),
    speech(),
)

PROVIDER = Provider(
    name="openai_compatible",
    base_url="{base_url}",
    routes=(
        Route(
            "openai_chat",
            ChatQuirks(params=OPEN_MODEL_NAMES, terminal="finish", think_tags=True),
        ),
        Route("openai_responses", ResponsesQuirks(summary=None, encrypted_reasoning=False)),
    ),
    operations=OPERATIONS,
    needs_key=False,
)
