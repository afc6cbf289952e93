"""Google AI, and Google Vertex AI with Gemini, Claude and other models (project credentials or an API key)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ...codecs.gemini.embeddings import TASK_TYPES
from ...codecs.operations.quirks import BatchQuirks, EmbeddingQuirks, FileQuirks, ImageQuirks, StoreQuirks
from ...codecs.quirks import MOST_BYTES, ChatQuirks, GeminiQuirks, MessagesQuirks
from ...errors import ConfigurationError
from ..auth import header
from ..google_tokens import google_token_source, project_in_files
from ..operation_routes import vector_stores
from ..provider import FileConfigReader, ModelListRoute, Provider, Route
from .anthropic import claude_routes, name_on_vertex

# Reasoning settings of each generation.
BUDGETED = "gemini-2.5-*|models/gemini-2.5-*"
RESTLESS = "gemini-2.5-pro*|models/gemini-2.5-pro*"
UNTHINKING = "gemini-2.0-*|gemini-1.*|models/gemini-2.0-*|models/gemini-1.*|gemma-*|models/gemma-*"

# Models before the second generation do not support images.
SEEING = "gemini-embedding-2*|models/gemini-embedding-2*"
GOOGLE_AI_EMBEDDINGS = EmbeddingQuirks(
    path="/{model}:batchEmbedContents",
    params={"dimensions": "outputDimensionality", "input_type": "taskType"},
    most_texts=100,
    input_types=TASK_TYPES,
)
MULTIMODAL = replace(GOOGLE_AI_EMBEDDINGS, pictures=True, media=("audio", "video", "file"))
# A request with inline calls is limited to 20 MB, a file of calls to 2 GB.
BATCHES = BatchQuirks(most_requests=200_000, most_bytes=2_000_000_000, inline_requests=1_000, inline_bytes=18_000_000)

GOOGLE_AI_OPERATIONS = (
    Route("gemini.embeddings", MULTIMODAL, SEEING, operation="embed"),
    Route("gemini.embeddings", GOOGLE_AI_EMBEDDINGS, operation="embed"),
    Route("gemini.batches", BATCHES, operation="batches"),
    Route("gemini.files", FileQuirks(), operation="files"),
    *vector_stores("gemini.vector_stores", StoreQuirks(path="/fileSearchStores")),
    Route("vertex.imagen", ImageQuirks(path="/{model}:predict"), "imagen*|models/imagen*", operation="image"),
)

GOOGLE_AI = Provider(
    name="google_ai",
    base_url="https://generativelanguage.googleapis.com/v1beta",
    routes=(
        Route(
            "gemini",
            GeminiQuirks(
                thinking="budget",
                smallest_budget=128,
                structured_with_tools=False,
                most_request_bytes=MOST_BYTES,
            ),
            models=RESTLESS,
        ),
        Route(
            "gemini",
            GeminiQuirks(thinking="budget", structured_with_tools=False, most_request_bytes=MOST_BYTES),
            models=BUDGETED,
        ),
        Route(
            "gemini",
            GeminiQuirks(thinking="none", structured_with_tools=False, most_request_bytes=MOST_BYTES),
            models=UNTHINKING,
        ),
        Route("gemini", GeminiQuirks(most_request_bytes=MOST_BYTES)),
    ),
    operations=GOOGLE_AI_OPERATIONS,
    by_chat={
        "count_tokens": ("gemini.count_tokens",),
        "image": ("gemini.images",),
        "transcribe": ("gemini.transcription",),
        "speak": ("gemini.speech",),
    },
    # Never as ?key= in the URL, where logs and exceptions would show it.
    auth=header("x-goog-api-key"),
    key_env=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    base_url_env=("GOOGLE_GEMINI_BASE_URL", "GEMINI_BASE_URL"),
    keys_url="https://aistudio.google.com/apikey",
    listing=ModelListRoute("/models", {"pageSize": "1000"}),
)


GEMINI = "/v1beta1{scope}"
OTHERS = "/v1{scope}"
CLAUDE = MessagesQuirks(
    path="/publishers/anthropic/models/{model}:{method}",
    methods=("rawPredict", "streamRawPredict"),
    version_in_body="vertex-2023-10-16",
    params={"service_tier": None},
    automatic_cache=False,
    most_request_bytes=30_000_000,
)
# Tuned models and models with a resource name.
WHOLE = GeminiQuirks(path="/{name}:{method}", counts_whole_request=False, fetches=True)
HOSTS = {
    "global": "aiplatform.googleapis.com",
    "us": "aiplatform.us.rep.googleapis.com",
    "eu": "aiplatform.eu.rep.googleapis.com",
}
PATH = "/publishers/google/{model}:{method}"

NAMED = GeminiQuirks(path=PATH, counts_whole_request=False, fetches=True)


def derived_config(config: Mapping[str, Any], has_key: bool) -> Mapping[str, Any]:
    """Return derived entries: an API key replaces the project, and some locations are multi-regions."""
    if has_key:
        return {"host": "aiplatform.googleapis.com", "scope": ""}
    location, project = str(config.get("location") or "global"), config.get("project_id")
    if not project:
        raise ConfigurationError(
            "google_vertex_ai needs project_id: pass config={'project_id': ..., 'location': ...} to AIModelAPI, or set "
            "GOOGLE_CLOUD_PROJECT and GOOGLE_CLOUD_LOCATION."
        )
    scope = f"/projects/{project}/locations/{location}"
    return {"host": HOSTS.get(location, f"{location}-aiplatform.googleapis.com"), "scope": scope}


PREDICT = "/{name}:predict"
PLACES = ("", "models/", "google/", "publishers/google/models/")
VERTEX_EMBEDDINGS = EmbeddingQuirks(
    path=PREDICT,
    params={"dimensions": "outputDimensionality", "input_type": "task_type", "truncate": "autoTruncate"},
    most_texts=250,
    # Twenty thousand tokens per request.
    most_bytes=50_000,
    input_types=TASK_TYPES,
)

# The second generation: one input per request, with images and audio.
EMBED_CONTENT = EmbeddingQuirks(
    path="/{name}:embedContent",
    params={"dimensions": "outputDimensionality", "input_type": "taskType", "truncate": "autoTruncate"},
    most_texts=1,
    input_types=TASK_TYPES,
    pictures=True,
    media=("audio", "video", "file"),
)


def called(*names: str) -> str:
    """Patterns for models of these names, also as resource names."""
    return "|".join(f"{place}{name}" for place in PLACES for name in names)


def in_project(*names: str) -> str:
    """Patterns for models whose names say the project too, which the address then does not say again."""
    return "|".join(f"projects/*/publishers/google/models/{name}" for name in names)


FIRST = ("gemini-embedding-001*", "gemini-embedding-exp*")
SECOND = ("gemini-embedding*",)
IMAGEN = ("imagen*",)
# One text a request is all that the first models take.
ONE = replace(VERTEX_EMBEDDINGS, most_texts=1)
DRAWS = ImageQuirks(path=PREDICT)

GOOGLE_VERTEX_AI_OPERATIONS = (
    Route("vertex.embeddings", ONE, in_project(*FIRST), operation="embed", prefix="/v1beta1"),
    Route("vertex.embed_content", EMBED_CONTENT, in_project(*SECOND), operation="embed", prefix="/v1beta1"),
    Route("vertex.embeddings", VERTEX_EMBEDDINGS, "projects/*", operation="embed", prefix="/v1beta1"),
    Route("vertex.imagen", DRAWS, in_project(*IMAGEN), operation="image", prefix="/v1beta1"),
    Route("vertex.embeddings", ONE, called(*FIRST), operation="embed"),
    Route("vertex.embed_content", EMBED_CONTENT, called(*SECOND), operation="embed"),
    Route("vertex.embeddings", VERTEX_EMBEDDINGS, operation="embed"),
    Route("vertex.imagen", DRAWS, called(*IMAGEN), operation="image"),
)

GOOGLE_VERTEX_AI = Provider(
    name="google_vertex_ai",
    base_url="https://{host}",
    hosts=(
        "https://aiplatform.googleapis.com",
        "https://{location}-aiplatform.googleapis.com",
        "https://aiplatform.{location}.rep.googleapis.com",
    ),
    prefix=GEMINI,
    routes=(
        *claude_routes(CLAUDE, prefix=OTHERS),
        Route("gemini", WHOLE, models="projects/*", prefix="/v1beta1"),
        Route("gemini", WHOLE, models="endpoints/*|publishers/*"),
        Route(
            "openai_chat",
            ChatQuirks(path="/endpoints/openapi/chat/completions", params={"max_output_tokens": "max_tokens"}),
            models="*/*",
            prefix=OTHERS,
        ),
        Route(
            "gemini",
            replace(NAMED, thinking="budget"),
            models="gemini-2.5-*",
        ),
        Route(
            "gemini",
            replace(NAMED, thinking="none"),
            models="gemini-2.0-*|gemini-1.*",
        ),
        Route("gemini", NAMED),
    ),
    operations=GOOGLE_VERTEX_AI_OPERATIONS,
    by_chat={
        "count_tokens": ("gemini.count_tokens",),
        "image": ("gemini.images",),
        "transcribe": ("gemini.transcription",),
        "speak": ("gemini.speech",),
    },
    auth=header("x-goog-api-key"),
    derived=derived_config,
    named=lambda name, config: name_on_vertex(name),
    token_source=google_token_source,
    key_env=("GOOGLE_VERTEX_API_KEY",),
    config_env={
        "project_id": ("GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT", "ANTHROPIC_VERTEX_PROJECT_ID"),
        "location": ("GOOGLE_CLOUD_LOCATION", "GOOGLE_CLOUD_REGION", "CLOUD_ML_REGION"),
    },
    config_in_files=FileConfigReader(project_in_files),
    base_url_env=("GOOGLE_VERTEX_BASE_URL",),
    keys_url="https://console.cloud.google.com/vertex-ai/studio/settings/api-keys",
    listing=ModelListRoute("/publishers/google/models", prefix="/v1beta1"),
)
