"""Routes of operations other than chat: formats that many providers share, lookup, and the default operation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..codecs.operations.quirks import (
    BatchQuirks,
    EmbeddingQuirks,
    FileQuirks,
    ImageQuirks,
    ModerationQuirks,
    OcrQuirks,
    RerankQuirks,
    SpeechQuirks,
    StoreQuirks,
    TranscriptionQuirks,
)
from ..errors import ConfigurationError, UnsupportedError
from ..types.config.api import AIModelEndpoint
from ..wire.text import matches
from .provider import NO_OPTIONS, Provider, Route, find_provider, load_provider
from .provider_names import KNOWN

OPERATION_NOUNS = {
    "chat": "chat",
    "embed": "embeddings",
    "rerank": "reranking",
    "moderate": "moderation",
    "ocr": "OCR",
    "transcribe": "transcription",
    "speak": "speech",
    "image": "image generation",
    "batches": "batches",
    "files": "file uploads",
    "vector_stores": "vector stores",
    "search_vector_store": "searches in vector stores",
    "count_tokens": "token counting",
}
"""Operations, and what they are called in messages."""

MOST_SUGGESTED = 8
"""Number of providers that a message names."""


def operation_route(provider: Provider, model: str, operation: str, config: Mapping[str, Any] = NO_OPTIONS) -> Route:
    """Return the first route for this operation and model.

    Args:
        provider: The provider.
        model: The provider's name of the model.
        operation: An operation other than chat, such as `rerank`.
        config: Config entries of the API.

    Raises:
        UnsupportedError: If the provider does not offer the operation, or not with this model.
    """
    route = next((r for r in provider.operations if r.operation == operation and r.serves(model, config)), None)
    route = route or chat_based_route(provider, model, operation, config)
    if route is not None:
        return route
    if operation in offered_operations(provider):
        noun = OPERATION_NOUNS.get(operation, operation)
        raise UnsupportedError(f"{provider.name} ({model}): {noun} not offered with this model. Use another model.")
    raise UnsupportedError(not_offered(provider, operation))


def offered_operations(provider: Provider) -> tuple[str, ...]:
    """Return the operations that a provider offers, chat first."""
    others = {*(route.operation for route in provider.operations), *provider.by_chat}
    return (*(("chat",) if provider.routes else ()), *sorted(others))


def not_offered(provider: Provider, operation: str) -> str:
    """Return the message for an operation that a provider does not offer, with the providers that do."""
    nouns = [OPERATION_NOUNS.get(one, one) for one in (operation, *offered_operations(provider))]
    known = map(load_provider, dict.fromkeys(KNOWN.values()))
    others = [one.name for one in known if operation in offered_operations(one) and one.needs_key]
    return (
        f"{provider.name}: {nouns[0]} not offered, only {', '.join(nouns[1:])}. "
        f"Use another provider for it, such as {', '.join(others[:MOST_SUGGESTED])}."
    )


def why_not_offered(name: str, operation: str) -> str | None:
    """Return why a provider cannot do an operation with any of its models.

    Args:
        name: The provider's name.
        operation: An operation, such as `rerank`.

    Returns:
        A message that names providers that offer it; None if this one does, or is not known.
    """
    provider = find_provider(name)
    if provider is None or operation not in OPERATION_NOUNS or operation in offered_operations(provider):
        return None
    return not_offered(provider, operation)


def operation_of(method: str) -> str:
    """Return the operation that a method of a client uses, such as `transcribe` for `translate_async`."""
    bare = method.removesuffix("_async").removesuffix("_stream")
    if bare.endswith(("_file", "_files")):
        return "files"
    return "batches" if "batch" in bare else "transcribe" if bare == "translate" else bare


def chat_based_route(provider: Provider, model: str, operation: str, config: Mapping[str, Any]) -> Route | None:
    """Return the chat route of the model with the codec for this operation."""
    for codec in provider.by_chat.get(operation, ()):
        protocol = codec.partition(".")[0]
        spoken = (route for route in provider.routes if route.codec == protocol)
        chat_route = next((route for route in spoken if route.serves(model, config)), None)
        if chat_route is not None:
            return replace(chat_route, codec=codec, operation=operation)
    return None


def quirk_overrides(config: Mapping[str, Any], operation: str) -> Mapping[str, Any]:
    """Return the user's overrides of quirks: `quirks` for chat, `operation_quirks` for other operations."""
    if operation == "chat":
        return config_mapping(config, "quirks", object)
    return config_mapping(config_mapping(config, "operation_quirks", object), operation, object)


def config_mapping(config: Mapping[str, Any], entry: str, kind: type) -> Mapping[str, Any]:
    """Return a config entry that must be a dict; raises for other types."""
    given = config.get(entry) or {}
    if not isinstance(given, Mapping) or not all(isinstance(name, str) for name in given):
        raise ConfigurationError(f"config[{entry!r}] must be a dict with names as keys, not {type(given).__name__}")
    for name, value in given.items():
        if not isinstance(value, kind):
            raise ConfigurationError(
                f"config[{entry!r}][{name!r}] must be a {kind.__name__}, not {type(value).__name__}"
            )
    return given


def default_generation(endpoint: AIModelEndpoint) -> str:
    """Return the operation from the model's functional type, or from its name if it is an image model."""
    model = endpoint.ai_model
    if "functional_type" in model.model_fields_set:
        return "image" if model.functional_type == "image_generation" else "chat"
    provider = find_provider(str(endpoint.api.provider))
    if provider is None:
        return "chat"
    name = model.base_model or model.model_name
    return "image" if any(matches(name, pattern) for pattern in image_only_patterns(provider.operations)) else "chat"


def default_operation(endpoint: AIModelEndpoint) -> str:
    """Return chat, or another operation for a provider without chat."""
    provider = find_provider(str(endpoint.api.provider))
    if provider is None or provider.routes or not provider.operations:
        return "chat"
    name = endpoint.ai_model.base_model or endpoint.ai_model.model_name
    return next((route.operation for route in provider.operations if route.serves(name)), "chat")


def image_only_patterns(operations: Sequence[Route]) -> tuple[str, ...]:
    """Return the name patterns of image models from the image routes."""
    drawing = (route.models for route in operations if route.operation == "image" and route.models != "*")
    return tuple(dict.fromkeys(pattern for models in drawing for pattern in models.split("|")))


EMBEDDING_PARAMS = {"dimensions": "dimensions", "user": "user"}


def embeddings(quirks: EmbeddingQuirks | None = None) -> Route:
    """Embeddings in OpenAI's format."""
    return Route("openai_rest.embeddings", quirks or EmbeddingQuirks(params=EMBEDDING_PARAMS), operation="embed")


# As numbers: not every compatible server supports packed vectors, and some reject the parameter.
PLAIN_EMBEDDINGS = embeddings(EmbeddingQuirks(params=EMBEDDING_PARAMS, most_texts=256, encoding="float"))


def rerank(quirks: RerankQuirks | None = None) -> Route:
    """Reranking in Cohere's format."""
    return Route("openai_rest.rerank", quirks or RerankQuirks(), operation="rerank")


def moderations(quirks: ModerationQuirks | None = None) -> Route:
    return Route("openai_rest.moderations", quirks or ModerationQuirks(), operation="moderate")


def ocr(quirks: OcrQuirks | None = None) -> Route:
    """OCR in Mistral's format."""
    return Route("openai_rest.ocr", quirks or OcrQuirks(), operation="ocr")


def images(quirks: ImageQuirks | None = None, models: str = "*") -> Route:
    """Image generation in OpenAI's format."""
    return Route("openai_rest.images", quirks or ImageQuirks(), models, operation="image")


HEARING_PARAMS = {"language": "language", "prompt": "prompt", "temperature": "temperature"}
SPEECH_PARAMS = {"voice": "voice", "format": "response_format", "speed": "speed", "instructions": "instructions"}
WHISPER = TranscriptionQuirks(params=HEARING_PARAMS, translations_path="/audio/translations")


def transcriptions(quirks: TranscriptionQuirks = WHISPER, models: str = "*") -> Route:
    """Transcription in OpenAI's format."""
    return Route("openai_rest.transcription", quirks, models, operation="transcribe")


def speech(quirks: SpeechQuirks | None = None, models: str = "*") -> Route:
    """Speech synthesis in OpenAI's format."""
    return Route("openai_rest.speech", quirks or SpeechQuirks(params=SPEECH_PARAMS), models, operation="speak")


def files(quirks: FileQuirks) -> Route:
    """Files in OpenAI's format."""
    return Route("openai_rest.files", quirks, operation="files")


def vector_stores(codec: str, quirks: StoreQuirks, *, has_search: bool = False) -> tuple[Route, ...]:
    """Vector stores; `has_search`: whether they can be searched without a model."""
    operations = ("vector_stores", "search_vector_store") if has_search else ("vector_stores",)
    return tuple(Route(codec, quirks, operation=operation) for operation in operations)


BATCHES = Route("openai_rest.batches", BatchQuirks(), operation="batches")
