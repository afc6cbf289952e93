"""Hosts of open models: Cerebras, DeepInfra, Fireworks, Groq, NVIDIA, SambaNova, Together."""

from __future__ import annotations

from dataclasses import replace

from ...codecs.base import MediaSupport
from ...codecs.common.media_support import PICTURES
from ...codecs.operations.quirks import EmbeddingQuirks, FileQuirks, ImageQuirks, SpeechQuirks, TranscriptionQuirks
from ...codecs.quirks import OPEN_MODEL_NAMES, ChatQuirks, ResponsesQuirks
from ...schema.keywords import CLOSED, NUMBERS
from ..operation_routes import (
    BATCHES,
    HEARING_PARAMS,
    PLAIN_EMBEDDINGS,
    embeddings,
    files,
    images,
    rerank,
    speech,
    transcriptions,
)
from ..provider import Provider, Route

CEREBRAS_QUIRKS = ChatQuirks(
    params={"frequency_penalty": None, "presence_penalty": None, "logit_bias": None, "metadata": None},
    reasoning_out=("reasoning", "reasoning_content"),
    reasoning_replay="field",
    reasoning_replay_field="reasoning",
    document_shape="none",
    schema_rules=replace(CLOSED, recursion=True, formats=frozenset(), keywords=NUMBERS),
    audio_in=False,
)

CEREBRAS = Provider(
    name="cerebras",
    base_url="https://api.cerebras.ai/v1",
    routes=(
        # GLM expects its reasoning inside of the text.
        Route("openai_chat", replace(CEREBRAS_QUIRKS, reasoning_replay="tags", think_tags=True), models="zai-glm*"),
        Route("openai_chat", CEREBRAS_QUIRKS),
    ),
    key_env=("CEREBRAS_API_KEY",),
    base_url_env=("CEREBRAS_BASE_URL",),
    keys_url="https://cloud.cerebras.ai",
)


DEEPINFRA = Provider(
    name="deepinfra",
    base_url="https://api.deepinfra.com/v1/openai",
    routes=(
        Route(
            "openai_chat",
            ChatQuirks(
                params=OPEN_MODEL_NAMES,
                think_tags=True,
                document_shape="none",
            ),
        ),
    ),
    operations=(PLAIN_EMBEDDINGS,),
    key_env=(
        "DEEPINFRA_API_KEY",
        "DEEPINFRA_TOKEN",
    ),
    base_url_env=("DEEPINFRA_BASE_URL",),
    keys_url="https://deepinfra.com/dash/api_keys",
)


FIREWORKS = Provider(
    name="fireworks",
    base_url="https://api.fireworks.ai/inference/v1",
    routes=(
        Route(
            "openai_chat",
            ChatQuirks(
                params=OPEN_MODEL_NAMES,
                reasoning_replay="field",
                think_tags=True,
                document_shape="none",
            ),
        ),
    ),
    operations=(PLAIN_EMBEDDINGS,),
    key_env=("FIREWORKS_API_KEY",),
    base_url_env=("FIREWORKS_BASE_URL",),
    keys_url="https://fireworks.ai/account/api-keys",
)


NVIDIA_OPERATIONS = (
    embeddings(
        EmbeddingQuirks(
            params={"input_type": "input_type"},
            most_texts=96,
            encoding="float",
            input_types={"query": "query", "document": "passage"},
            defaults={"input_type": "passage"},
        )
    ),
)

NVIDIA = Provider(
    name="nvidia",
    base_url="https://integrate.api.nvidia.com/v1",
    routes=(
        Route(
            "openai_chat",
            ChatQuirks(
                params=OPEN_MODEL_NAMES,
                think_tags=True,
                document_shape="none",
            ),
        ),
    ),
    operations=NVIDIA_OPERATIONS,
    key_env=("NVIDIA_API_KEY",),
    base_url_env=("NVIDIA_BASE_URL",),
    keys_url="https://build.nvidia.com/settings/api-keys",
)


SAMBANOVA = Provider(
    name="sambanova",
    base_url="https://api.sambanova.ai/v1",
    routes=(
        Route(
            "openai_chat",
            ChatQuirks(
                params=OPEN_MODEL_NAMES,
                think_tags=True,
                document_shape="none",
            ),
        ),
    ),
    operations=(PLAIN_EMBEDDINGS,),
    key_env=("SAMBANOVA_API_KEY",),
    base_url_env=("SAMBANOVA_BASE_URL",),
    keys_url="https://cloud.sambanova.ai/apis",
)


TOGETHER_OPERATIONS = (
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

TOGETHER = Provider(
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
    operations=TOGETHER_OPERATIONS,
    key_env=("TOGETHER_API_KEY",),
    base_url_env=("TOGETHER_BASE_URL",),
    keys_url="https://api.together.ai/settings/api-keys",
)


# Four megabytes for a request with images; URLs do not count.
GROQ_MOST_BYTES = 4_000_000
GROQ_MEDIA = {"image": MediaSupport(PICTURES)}
GROQ_QUIRKS = ChatQuirks(
    params={
        "max_output_tokens": "max_completion_tokens",
        "logit_bias": None,
        "logprobs": None,
        "top_logprobs": None,
        "metadata": None,
    },
    # Token counts are always in the last event; the option for them is rejected.
    stream_usage="always",
    reasoning_replay="field",
    reasoning_replay_field="reasoning",
    think_tags=True,
    document_shape="none",
    audio_in=False,
    # Schemas are not enforced, and rejected in combination with tools.
    schema_rules=None,
    structured_with_tools=False,
    connects_mcp=True,
    media_support=GROQ_MEDIA,
    most_request_bytes=GROQ_MOST_BYTES,
)
# Models with enforced schemas and provider tools.
GROQ_OPEN_WEIGHT = replace(
    GROQ_QUIRKS,
    schema_rules=ChatQuirks().schema_rules,
    web_search="bare",
    web_search_type="browser_search",
    runs_code=True,
)

# Models whose reasoning can only be turned on or off.
GROQ_SWITCHED_REASONING = replace(
    GROQ_QUIRKS,
    efforts=dict.fromkeys(("minimal", "low", "medium", "high", "xhigh", "max"), "default") | {"none": "none"},
)

GROQ_OPERATIONS = (
    BATCHES,
    files(FileQuirks(params={"purpose": "purpose"}, default_purpose="batch")),
    transcriptions(
        TranscriptionQuirks(
            params=HEARING_PARAMS, translations_path="/audio/translations", audio_url="url", least_seconds=10
        )
    ),
    # Voices depend on the model, so the default is known only for the English one.
    speech(
        SpeechQuirks(params={"voice": "voice", "format": "response_format", "speed": "speed"}, default_voice="troy")
    ),
)

GROQ = Provider(
    name="groq",
    base_url="https://api.groq.com/openai/v1",
    routes=(
        Route("openai_chat", GROQ_OPEN_WEIGHT, models="openai/gpt-oss-*"),
        Route("openai_chat", GROQ_SWITCHED_REASONING, models="qwen/*"),
        Route("openai_chat", GROQ_QUIRKS),
        Route(
            "openai_responses",
            ResponsesQuirks(
                summary=None, encrypted_reasoning=False, most_request_bytes=GROQ_MOST_BYTES, mcp_approval=False
            ),
        ),
    ),
    operations=GROQ_OPERATIONS,
    key_env=("GROQ_API_KEY",),
    base_url_env=("GROQ_BASE_URL",),
    keys_url="https://console.groq.com/keys",
)
