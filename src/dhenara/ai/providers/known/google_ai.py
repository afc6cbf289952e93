"""Google AI."""

from __future__ import annotations

from dataclasses import replace

from ...codecs.gemini.embeddings import TASK_TYPES
from ...codecs.gemini.quirks import MOST_BYTES, GeminiQuirks
from ...codecs.operations.batch import BatchQuirks
from ...codecs.operations.files import FileQuirks
from ...codecs.operations.operation import EmbeddingQuirks, ImageQuirks
from ..auth import header
from ..provider import ModelListRoute, Provider, Route

# Reasoning settings of each generation.
BUDGETED = "gemini-2.5-*|models/gemini-2.5-*"
RESTLESS = "gemini-2.5-pro*|models/gemini-2.5-pro*"
UNTHINKING = "gemini-2.0-*|gemini-1.*|models/gemini-2.0-*|models/gemini-1.*|gemma-*|models/gemma-*"

# Models before the second generation do not support images.
SEEING = "gemini-embedding-2*|models/gemini-embedding-2*"
EMBEDDINGS = EmbeddingQuirks(
    path="/{model}:batchEmbedContents",
    params={"dimensions": "outputDimensionality", "input_type": "taskType"},
    most_texts=100,
    input_types=TASK_TYPES,
)
MULTIMODAL = replace(EMBEDDINGS, pictures=True, media=("audio", "video", "file"))
# A request with inline calls is limited to 20 MB, a file of calls to 2 GB.
BATCHES = BatchQuirks(most_requests=200_000, most_bytes=2_000_000_000, inline_requests=1_000, inline_bytes=18_000_000)

OPERATIONS = (
    Route("gemini.embeddings", MULTIMODAL, SEEING, operation="embed"),
    Route("gemini.embeddings", EMBEDDINGS, operation="embed"),
    Route("gemini.batches", BATCHES, operation="batches"),
    Route("gemini.files", FileQuirks(), operation="files"),
    Route("vertex.imagen", ImageQuirks(path="/{model}:predict"), "imagen*|models/imagen*", operation="image"),
)

PROVIDER = Provider(
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
    operations=OPERATIONS,
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
    price_list="google",
    listing=ModelListRoute("/models", {"pageSize": "1000"}),
)
