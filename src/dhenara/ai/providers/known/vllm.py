"""vLLM server."""

from __future__ import annotations

from ...codecs.openai_chat.quirks import OPEN_MODEL_NAMES, ChatQuirks
from ...codecs.openai_responses.quirks import ResponsesQuirks
from ...schema.rules import ANY_SCHEMA
from ..provider import Provider, Route
from .common_routes import PLAIN_EMBEDDINGS, rerank

OPERATIONS = (
    rerank(),
    PLAIN_EMBEDDINGS,
)

PROVIDER = Provider(
    name="vllm",
    base_url="http://127.0.0.1:8000/v1",
    routes=(
        Route(
            "openai_chat",
            ChatQuirks(
                params=OPEN_MODEL_NAMES,
                terminal="finish",
                think_tags=True,
                schema_rules=ANY_SCHEMA,
                hides_schema=True,
                document_shape="none",
                video_shape="video_url",
                reasoning_in="template",
                reasoning_out=("reasoning", "reasoning_content"),
            ),
        ),
        Route("openai_responses", ResponsesQuirks(summary=None, encrypted_reasoning=False)),
    ),
    operations=OPERATIONS,
    key_env=("VLLM_API_KEY",),
    base_url_env=("VLLM_BASE_URL",),
    needs_key=False,
    local=True,
)
