"""Specialists for one kind of operation, and gateways to models of many providers."""

from __future__ import annotations

from ...codecs.common.tools import CLAUDE_FIELDS
from ...codecs.operations.quirks import EmbeddingQuirks, RerankQuirks, SpeechQuirks, TranscriptionQuirks
from ...codecs.quirks import OPEN_MODEL_NAMES, ChatQuirks, CohereQuirks, ResponsesQuirks
from ..auth import header
from ..base_urls import strip_suffixes
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

DEEPGRAM = Provider(
    name="deepgram",
    base_url="https://api.deepgram.com/v1",
    routes=(),
    operations=(
        Route(
            "deepgram.transcription",
            TranscriptionQuirks(
                path="/listen",
                params={"language": "language"},
                defaults={"smart_format": True},
                timestamps="always",
                speakers={"diarize": "true"},
            ),
            operation="transcribe",
        ),
        Route("deepgram.speech", SpeechQuirks(path="/speak"), operation="speak"),
    ),
    auth=header("authorization", before="Token "),
    key_env=("DEEPGRAM_API_KEY",),
    base_url_env=("DEEPGRAM_BASE_URL",),
    keys_url="https://console.deepgram.com",
    listing=ModelListRoute(),
)


PERPLEXITY_OPERATIONS = (
    embeddings(
        EmbeddingQuirks(
            path="/v1/embeddings",
            params={"dimensions": "dimensions"},
            most_texts=512,
            most_bytes=300_000,
            encoding="base64_int8",
        )
    ),
)

PERPLEXITY = Provider(
    name="perplexity",
    base_url="https://api.perplexity.ai",
    routes=(
        Route(
            "openai_chat",
            ChatQuirks(
                params={
                    **OPEN_MODEL_NAMES,
                    "seed": None,
                    "logit_bias": None,
                    "n": None,
                    "parallel_tool_calls": None,
                },
                stream_usage="always",
                web_search="always",
                structured=("native", "prompt"),
                terminal="finish",
                think_tags=True,
                audio_in=False,
                prefill="words",
                video_shape="video_url",
            ),
        ),
    ),
    operations=PERPLEXITY_OPERATIONS,
    key_env=("PERPLEXITY_API_KEY",),
    base_url_env=("PERPLEXITY_BASE_URL",),
    keys_url="https://www.perplexity.ai/settings/api",
)


VOYAGE_MULTIMODAL = EmbeddingQuirks(
    path="/multimodalembeddings",
    params={"dimensions": "output_dimension", "input_type": "input_type", "truncate": "truncation"},
    most_texts=1000,
    most_bytes=300_000,
    input_types={"query": "query", "document": "document"},
    encoding="float",
    pictures=True,
)

VOYAGE = Provider(
    name="voyage",
    base_url="https://api.voyageai.com/v1",
    routes=(),
    operations=(
        rerank(RerankQuirks(params={"top_n": "top_k"}, results="data")),
        Route("openai_rest.multimodal_embeddings", VOYAGE_MULTIMODAL, "voyage-multimodal*", operation="embed"),
        embeddings(
            EmbeddingQuirks(
                params={"dimensions": "output_dimension", "input_type": "input_type", "truncate": "truncation"},
                most_texts=1000,
                # The large models accept 120,000 tokens per request.
                most_bytes=300_000,
                input_types={"query": "query", "document": "document"},
            )
        ),
    ),
    key_env=("VOYAGE_API_KEY",),
    base_url_env=("VOYAGE_BASE_URL",),
    keys_url="https://dashboard.voyageai.com/organization/api-keys",
)


COHERE_EMBEDDINGS = EmbeddingQuirks(
    path="/v2/embed",
    pictures=True,
    params={"dimensions": "output_dimension", "input_type": "input_type", "truncate": "truncate"},
    most_texts=96,
    input_types={
        "query": "search_query",
        "document": "search_document",
        "classification": "classification",
        "clustering": "clustering",
    },
)

COHERE_OPERATIONS = (
    transcriptions(
        TranscriptionQuirks(
            path="/v2/audio/transcriptions",
            params={"language": "language", "temperature": "temperature"},
            needs=("language",),
            timestamps="never",
        )
    ),
    rerank(RerankQuirks(path="/v2/rerank")),
    Route("cohere.embeddings", COHERE_EMBEDDINGS, operation="embed"),
)

COHERE = Provider(
    name="cohere",
    base_url="https://api.cohere.com",
    routes=(Route("cohere", CohereQuirks()),),
    operations=COHERE_OPERATIONS,
    key_env=("COHERE_API_KEY", "CO_API_KEY"),
    base_url_env=("COHERE_BASE_URL", "CO_API_URL"),
    read_address=strip_suffixes("/v2/chat", "/v2", "/v1"),
    keys_url="https://dashboard.cohere.com/api-keys",
    listing=ModelListRoute("/v1/models", {"page_size": "1000"}),
)


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
