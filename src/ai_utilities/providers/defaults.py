"""The provider and the model that are used if none is set."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dhenara.ai.integration import shown_address

from ..config import AUTO as AUTO
from ..exceptions import ProviderConfigurationError
from .facts import EMBEDDED, ProviderFacts, facts_of, known_providers, no_models_message, nothing_configured

if TYPE_CHECKING:
    from ..config_models import AiSettings


COMPATIBLE = "openai_compatible"
TIMEOUT = 0.3
"""Seconds in which a server on this machine must take a connection."""

log = logging.getLogger("ai_utilities")


@dataclass(slots=True, eq=False)
class PickedProvider:
    """A provider, and why it was chosen."""

    name: str
    reason: str


def pick_provider(settings: AiSettings, variables: Mapping[str, str]) -> PickedProvider:
    """The first usable provider. Logs the choice, or raises with the options."""
    order = provider_order(settings)
    picked = (
        pick_by_base_url(settings)
        or pick_by_key(order, settings, variables)
        or pick_reachable_server(order, variables)
        or pick_embedded(order)
    )
    if picked is None:
        raise ProviderConfigurationError(nothing_configured(order))
    log.info("provider auto picked %s: %s", picked.name, picked.reason)
    return picked


def provider_order(settings: AiSettings) -> tuple[str, ...]:
    """The user's order, or all providers: hosted ones, then local ones."""
    if settings.auto_select_order:
        return tuple(facts_of(name).name for name in settings.auto_select_order.split(",") if name.strip())
    return tuple(name for name in known_providers() if name != COMPATIBLE and facts_of(name).chats)


def pick_by_base_url(settings: AiSettings) -> PickedProvider | None:
    """A base URL without a provider is taken for an OpenAI-compatible server."""
    return PickedProvider(COMPATIBLE, "a base URL is set") if settings.base_url else None


def pick_by_key(order: tuple[str, ...], settings: AiSettings, variables: Mapping[str, str]) -> PickedProvider | None:
    for facts in map(facts_of, order):
        variable = next((name for name in facts.key if variables.get(name)), None)
        if variable is not None:
            return PickedProvider(facts.name, f"{variable} is set")
        if facts.name == "openai" and settings.api_key:
            return PickedProvider(facts.name, "an API key is set without a provider")
    return None


def pick_reachable_server(order: tuple[str, ...], variables: Mapping[str, str]) -> PickedProvider | None:
    """The first local server that accepts connections."""
    for facts in map(facts_of, order):
        address = server_address(facts, variables)
        if address is not None and is_reachable(address):
            return PickedProvider(facts.name, f"a server answers at {shown_address(address)}")
    return None


def server_address(facts: ProviderFacts, variables: Mapping[str, str]) -> str | None:
    """The address of a local server; None for hosted providers."""
    if facts.needs_key or not facts.is_local:
        return None
    address = next((variables[name] for name in facts.base_url if variables.get(name)), facts.address)
    return address if address is None or "//" in address else f"http://{address}"


def is_reachable(address: str, connect: Callable[..., socket.socket] = socket.create_connection) -> bool:
    parts = urlsplit(address)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        connect((parts.hostname, port), timeout=TIMEOUT).close()
    except OSError:
        return False
    return True


def pick_embedded(order: tuple[str, ...]) -> PickedProvider | None:
    """The embedded model, if its runtime is installed."""
    is_available = EMBEDDED in order and find_spec("xllamacpp") is not None
    return PickedProvider(EMBEDDED, "nothing else is configured") if is_available else None


TRANSCRIPTION_MODELS = {
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
TIMESTAMP_MODELS = {"openai": "whisper-1"}
"""Models with timestamps, where the default one has none."""

DIARIZATION_MODELS = {"openai": "gpt-4o-transcribe-diarize"}
TRANSLATION_MODELS = {"openai": "whisper-1", "groq": "whisper-large-v3"}
SPEECH_MODELS = {
    "openai": "gpt-4o-mini-tts",
    "groq": "canopylabs/orpheus-v1-english",
    "mistral": "voxtral-mini-tts-latest",
    "google_ai": "gemini-3.8-flash-tts",
    "google_vertex_ai": "gemini-3.8-flash-tts",
    "xai": "grok-tts",
    "deepgram": "aura-2-thalia-en",
}

EMBEDDING_MODELS = {
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
IMAGE_MODELS = {
    "openai": "gpt-image-2",
    "google_ai": "gemini-3.1-flash-image",
    "google_vertex_ai": "gemini-3.1-flash-image",
    "xai": "grok-imagine-image",
}
RERANK_MODELS = {
    "cohere": "rerank-v4.0-pro",
    "voyage": "rerank-2.5",
    "amazon_bedrock": "cohere.rerank-v3-5:0",
    "openrouter": "voyageai/rerank-2.5-lite",
}
MODERATION_MODELS = {"openai": "omni-moderation-latest", "mistral": "mistral-moderation-latest"}
OCR_MODELS = {"mistral": "mistral-ocr-latest"}
DEFAULT_MODELS: Mapping[str, Mapping[str, str]] = {
    "image": IMAGE_MODELS,
    "moderate": MODERATION_MODELS,
    "ocr": OCR_MODELS,
    "rerank": RERANK_MODELS,
    "speak": SPEECH_MODELS,
    "speak_stream": SPEECH_MODELS,
}


def default_model(provider: str, operation: str, options: Mapping[str, object]) -> str | None:
    """The default model for this operation and its options."""
    if operation in DEFAULT_MODELS:
        return DEFAULT_MODELS[operation].get(provider)
    if not operation.startswith(("transcribe", "translate")):
        return None
    if operation == "translate":
        return TRANSLATION_MODELS.get(provider) or TRANSCRIPTION_MODELS.get(provider)
    models = TRANSCRIPTION_MODELS
    if options.get("diarize"):
        models = DIARIZATION_MODELS
    elif options.get("timestamps"):
        models = TIMESTAMP_MODELS
    return models.get(provider) or TRANSCRIPTION_MODELS.get(provider)


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
