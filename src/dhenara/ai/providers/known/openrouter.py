"""OpenRouter."""

from __future__ import annotations

from ...codecs.openai_chat.quirks import OPEN_MODEL_NAMES, ChatQuirks
from ...codecs.openai_responses.quirks import ResponsesQuirks
from ...codecs.operations.audio import SpeechQuirks, TranscriptionQuirks
from ...codecs.operations.operation import EmbeddingQuirks
from ..provider import Provider, Route
from .common_routes import HEARING_PARAMS, SPEECH_PARAMS, embeddings, rerank, speech, transcriptions

EMBEDDINGS = EmbeddingQuirks(
    params={"dimensions": "dimensions", "input_type": "input_type", "user": "user"},
    most_texts=256,
    # Values of the upstream provider, which they are passed on to.
    input_types={"query": "search_query", "document": "search_document"},
)

OPERATIONS = (
    embeddings(EMBEDDINGS),
    rerank(),
    transcriptions(TranscriptionQuirks(params=HEARING_PARAMS)),
    speech(SpeechQuirks(params=SPEECH_PARAMS, usual_voice="alloy")),
)

PROVIDER = Provider(
    name="openrouter",
    base_url="https://openrouter.ai/api/v1",
    routes=(
        Route(
            "openai_chat",
            ChatQuirks(
                cache_mark="cache_control",
                params=OPEN_MODEL_NAMES,
                reasoning_in="reasoning",
                web_search="entry",
                web_search_type="openrouter:web_search",
                reasoning_out=("reasoning", "reasoning_content"),
                reasoning_replay="details",
                remote_documents=True,
                video_shape="video_url",
                tool_id="any",
            ),
        ),
        Route("openai_responses", ResponsesQuirks()),
    ),
    operations=OPERATIONS,
    by_chat={"image": ("openai_chat.images",)},
    key_env=("OPENROUTER_API_KEY",),
    base_url_env=("OPENROUTER_BASE_URL",),
    keys_url="https://openrouter.ai/settings/keys",
)
