"""Gateways to models of many vendors: GitHub Models, Hugging Face, OpenRouter."""

from __future__ import annotations

from ...codecs.common.tools import CLAUDE_FIELDS
from ...codecs.operations.quirks import EmbeddingQuirks, SpeechQuirks, TranscriptionQuirks
from ...codecs.quirks import OPEN_MODEL_NAMES, ChatQuirks, ResponsesQuirks
from ..operation_routes import (
    HEARING_PARAMS,
    PLAIN_EMBEDDINGS,
    SPEECH_PARAMS,
    embeddings,
    rerank,
    speech,
    transcriptions,
)
from ..provider import ModelListRoute, Provider, Route

GITHUB_MODELS = Provider(
    name="github_models",
    base_url="https://models.github.ai/inference",
    routes=(
        Route(
            "openai_chat",
            ChatQuirks(
                params={"max_output_tokens": "max_tokens"},
                document_shape="none",
            ),
        ),
    ),
    operations=(PLAIN_EMBEDDINGS,),
    key_env=(
        "GITHUB_MODELS_TOKEN",
        "GITHUB_TOKEN",
    ),
    base_url_env=("GITHUB_MODELS_BASE_URL",),
    keys_url="https://github.com/settings/tokens",
    listing=ModelListRoute("/catalog/models", base="https://models.github.ai"),
)


HUGGINGFACE = Provider(
    name="huggingface",
    base_url="https://router.huggingface.co/v1",
    routes=(
        Route(
            "openai_chat",
            ChatQuirks(
                params={"max_output_tokens": "max_tokens"},
                terminal="finish",
                think_tags=True,
                document_shape="none",
            ),
        ),
        Route("openai_responses", ResponsesQuirks(summary=None, encrypted_reasoning=False)),
    ),
    key_env=(
        "HF_TOKEN",
        "HUGGINGFACE_API_KEY",
    ),
    base_url_env=("HUGGINGFACE_BASE_URL",),
    keys_url="https://huggingface.co/settings/tokens",
)


OPENROUTER_EMBEDDINGS = EmbeddingQuirks(
    params={"dimensions": "dimensions", "input_type": "input_type", "user": "user"},
    most_texts=256,
    # Values of the upstream provider, which they are passed on to.
    input_types={"query": "search_query", "document": "search_document"},
)

OPENROUTER_OPERATIONS = (
    embeddings(OPENROUTER_EMBEDDINGS),
    rerank(),
    transcriptions(TranscriptionQuirks(params=HEARING_PARAMS)),
    speech(SpeechQuirks(params=SPEECH_PARAMS, default_voice="alloy")),
)

OPENROUTER = Provider(
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
                tool_fields=CLAUDE_FIELDS,
            ),
        ),
        Route("openai_responses", ResponsesQuirks()),
    ),
    operations=OPENROUTER_OPERATIONS,
    by_chat={"image": ("openai_chat.images",)},
    key_env=("OPENROUTER_API_KEY",),
    base_url_env=("OPENROUTER_BASE_URL",),
    keys_url="https://openrouter.ai/settings/keys",
)
