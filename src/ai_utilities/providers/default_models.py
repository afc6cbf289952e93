"""Default models by operation and provider."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..exceptions import ProviderConfigurationError
from ..setup_hints import no_models_message
from .facts import ProviderFacts

HEARS = {
    "openai": "gpt-transcribe",
    "groq": "whisper-large-v3-turbo",
    "mistral": "voxtral-mini-latest",
    "google_ai": "gemini-flash-latest",
    "google_vertex_ai": "gemini-3.8-flash",
    "xai": "grok-stt",
    "cohere": "cohere-transcribe-03-2026",
    "deepgram": "nova-3",
    "openrouter": "openai/gpt-4o-mini-transcribe",
}
TIMES = {"openai": "whisper-1"}
"""Models with timestamps, where the default one has none."""

SPEAKERS = {"openai": "gpt-4o-transcribe-diarize"}
TRANSLATES = {"openai": "whisper-1", "groq": "whisper-large-v3"}
SPEAKS = {
    "openai": "gpt-4o-mini-tts",
    "groq": "canopylabs/orpheus-v1-english",
    "mistral": "voxtral-mini-tts-latest",
    "google_ai": "gemini-3.8-flash-tts",
    "google_vertex_ai": "gemini-3.8-flash-tts",
    "xai": "grok-tts",
    "deepgram": "aura-2-thalia-en",
}

EMBEDDERS = {
    "openai": "text-embedding-3-small",
    "google_ai": "gemini-embedding-001",
    "google_vertex_ai": "gemini-embedding-001",
    "mistral": "mistral-embed",
    "cohere": "embed-v4.0",
    "voyage": "voyage-3.5",
    "openrouter": "openai/text-embedding-3-small",
    "perplexity": "pplx-embed-v1-0.6b",
    "amazon_bedrock": "amazon.titan-embed-text-v2:0",
}
DRAWS = {
    "openai": "gpt-image-2",
    "google_ai": "gemini-3.1-flash-image",
    "google_vertex_ai": "gemini-3.1-flash-image",
    "xai": "grok-imagine-image",
}
RANKS = {
    "cohere": "rerank-v4.0-pro",
    "voyage": "rerank-2.5",
    "amazon_bedrock": "cohere.rerank-v3-5:0",
    "openrouter": "voyageai/rerank-2.5-lite",
}
JUDGES = {"openai": "omni-moderation-latest", "mistral": "mistral-moderation-latest"}
READS = {"mistral": "mistral-ocr-latest"}
USUAL: Mapping[str, Mapping[str, str]] = {
    "image": DRAWS,
    "moderate": JUDGES,
    "ocr": READS,
    "rerank": RANKS,
    "speak": SPEAKS,
    "speak_stream": SPEAKS,
}


def default_model(provider: str, operation: str, options: Mapping[str, Any]) -> str | None:
    """The default model for this operation and its options."""
    if operation in USUAL:
        return USUAL[operation].get(provider)
    if not operation.startswith(("transcribe", "translate")):
        return None
    if operation == "translate":
        return TRANSLATES.get(provider) or HEARS.get(provider)
    fine = SPEAKERS if options.get("diarize") else TIMES if options.get("timestamps") else HEARS
    return fine.get(provider) or HEARS.get(provider)


def concerns_model(operation: str) -> bool:
    """Whether the operation needs a model; files and submitted batches do not."""
    if operation.endswith(("_file", "_files")):
        return False
    return "batch" not in operation or operation.startswith("submit_")


def first_available(models: Sequence[str], facts: ProviderFacts) -> str:
    """A local server is used with its first model."""
    if not models:
        raise ProviderConfigurationError(no_models_message(facts))
    return models[0]
