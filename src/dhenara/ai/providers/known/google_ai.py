"""Google AI."""

from __future__ import annotations

from ...codecs.gemini.quirks import MOST_BYTES, GeminiQuirks
from ..auth import header
from ..lazy_operations import LazyRoutes
from ..listing import ModelListRoute
from ..provider import Provider, Route

# Reasoning settings of each generation.
BUDGETED = "gemini-2.5-*|models/gemini-2.5-*"
RESTLESS = "gemini-2.5-pro*|models/gemini-2.5-pro*"
UNTHINKING = "gemini-2.0-*|gemini-1.*|models/gemini-2.0-*|models/gemini-1.*|gemma-*|models/gemma-*"


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
    operations=LazyRoutes("google_ai", draws="imagen*|models/imagen*"),
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
