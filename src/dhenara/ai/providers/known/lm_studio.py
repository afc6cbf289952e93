"""LM Studio on this machine."""

from __future__ import annotations

from ...codecs.openai_chat.quirks import OPEN_MODEL_NAMES, ChatQuirks
from ...codecs.openai_responses.quirks import ResponsesQuirks
from ...schema.rules import ANY_SCHEMA
from ..provider import Provider, Route
from .common_routes import PLAIN_EMBEDDINGS

PROVIDER = Provider(
    name="lm_studio",
    base_url="http://127.0.0.1:1234/v1",
    routes=(
        Route(
            "openai_chat",
            ChatQuirks(
                params=OPEN_MODEL_NAMES,
                terminal="finish",
                think_tags=True,
                schema_rules=ANY_SCHEMA,
                hides_schema=True,
                json_object=False,
                document_shape="none",
            ),
        ),
        Route("openai_responses", ResponsesQuirks(summary=None, encrypted_reasoning=False)),
    ),
    operations=(PLAIN_EMBEDDINGS,),
    key_env=("LM_STUDIO_API_KEY",),
    base_url_env=("LM_STUDIO_BASE_URL",),
    needs_key=False,
    local=True,
)
