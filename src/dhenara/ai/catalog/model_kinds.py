"""Kinds of models that do not chat: what they do, the operation that they need, and how their names look.

The tables of hosts have the kinds of listed models. Families are recognized by name too, so that a model of next month
is not sent to chat either.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from ..errors import UnsupportedError
from ..providers.operation_routes import OPERATION_NOUNS, offered_operations
from ..providers.provider import find_provider
from ..providers.provider_names import KNOWN
from ..types.config.api import AIModelEndpoint
from ..wire.text import matches
from .host_facts import DEPLOYMENTS, find_row
from .table_files import clear_on_change


@dataclass(frozen=True, slots=True)
class ModelKind:
    """A kind of model.

    Attributes:
        does: What its models do, as a predicate.
        operation: The operation that uses them; None if there is none.
        call: How users call it.
        names: Patterns of the last part of their names.
    """

    does: str
    operation: str | None
    call: str
    names: str


KINDS = {
    "rerank": ModelKind("ranks documents", "rerank", "rerank(query, documents)", "rerank-*|*rerank*|semantic-ranker-*"),
    "embedding": ModelKind(
        "makes embeddings", "embed", "embed(texts)", "*embed-*|*embedding*|*embed|voyage-*|bge-*|gte-*|e5-*|*-e5-*"
    ),
    "moderation": ModelKind("moderates texts", "moderate", "moderate(texts)", "*-moderation-*|*-moderation"),
    "ocr": ModelKind(
        "reads documents (OCR)", "ocr", "ocr(document)", "mistral-ocr*|mistral-document-ai*|parse-v*|cohere-parse-*"
    ),
    "speech_to_text": ModelKind(
        "transcribes audio",
        "transcribe",
        "transcribe(audio)",
        "whisper*|*-whisper*|*-transcribe*|*-asr|*-asr-*|chirp_*",
    ),
    "text_to_speech": ModelKind(
        "speaks texts", "speak", "speak(text)", "tts-*|*-tts|*-tts-*|playai-tts*|orpheus*|speech-0*|speech-2*"
    ),
    "realtime": ModelKind(
        "talks over a connection that stays open (realtime)",
        None,
        "",
        "*-realtime*|gemini-live-*|gemini-*-live|gemini-*-live-*|*-native-audio*|grok-voice*|*nova*sonic*|gpt-live-*",
    ),
    "video_generation": ModelKind(
        "generates videos",
        None,
        "",
        "sora*|veo-*|grok-imagine-video*|*nova-reel*|kling-*|minimax-hailuo*|*-t2v*|*-i2v*|*-r2v*|wan*-video*",
    ),
    "music_generation": ModelKind("generates music", None, "", "lyria-*|music-[0-9]*"),
    "image_generation": ModelKind(
        "generates images",
        "image",
        "image(prompt) of the kit, or generate(prompt) with AIModel(..., functional_type='image_generation')",
        "dall-e-*|gpt-image-*|chatgpt-image-*|imagen-*|grok-imagine-image*|grok-2-image*|flux*|stable-diffusion*"
        "|*nova-canvas*|*titan-image*|qwen-image*|seedream*|recraft*|stability.*|mai-image-*",
    ),
}

BY_TABLE = frozenset(KINDS) - {"image_generation", "ocr"}
"""Kinds that the tables decide too. Some models that are listed as image or OCR models also chat."""

OF_OPERATION = {"chat": None, "image": "image_generation"}
"""Operations that `generate` chooses, and the kind of model that they are for."""


def check_kind(endpoint: AIModelEndpoint, operation: str) -> None:
    """Raise if the model of an endpoint is known not to chat, or not to generate images.

    Args:
        endpoint: The endpoint.
        operation: `chat` or `image`; others are not checked.

    A `functional_type` that the user sets on the model is believed. Names on one's own servers and of deployments are
    the users' own, so they say nothing.

    Raises:
        UnsupportedError: It names what the model does, and the operation that it needs.
    """
    model, provider_name = endpoint.ai_model, str(endpoint.api.provider)
    name = model.base_model or (None if provider_name in DEPLOYMENTS else model.model_name)
    kind: str | None = None
    if "functional_type" in model.model_fields_set:
        kind = model.functional_type if model.functional_type in KINDS else None
    else:
        kind = kind_of_model(provider_name, name) if name is not None else None
    if kind is not None and kind != OF_OPERATION.get(operation, kind):
        raise UnsupportedError(f"{provider_name} ({model.model_name}): {explain_kind(provider_name, kind)}")


@lru_cache(1_024)
def kind_of_model(provider_name: str, name: str) -> str | None:
    """Return the kind of a model that does not chat; None if it does, or if nothing is known."""
    provider = find_provider(provider_name)
    if provider is None or not provider.needs_key or provider_name not in KNOWN:
        return None
    last = name.lower().rpartition("/")[2].partition(":")[0]
    named = next((kind for kind, one in KINDS.items() if matches(last, one.names)), None)
    row = None if named else find_row(provider_name, name)
    listed = row.facts.get("functional_type") if row else None
    return named or (listed if listed in BY_TABLE else None)


def explain_kind(provider_name: str, kind: str) -> str:
    """Return what a model of this kind does and needs, for the message of an error."""
    one, provider = KINDS[kind], find_provider(provider_name)
    if one.operation is None:
        return f"this model {one.does} and does not chat; no operation of this library does that. Use a chat model."
    if provider is not None and one.operation not in offered_operations(provider):
        noun = OPERATION_NOUNS[one.operation]
        return f"this model {one.does} and does not chat, and {noun} is not offered here. Use a chat model."
    return f"this model {one.does} and does not chat. Call {one.call}, or use a chat model."


clear_on_change(kind_of_model.cache_clear)
