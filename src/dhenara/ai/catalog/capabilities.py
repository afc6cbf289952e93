"""Capabilities: calls that a model cannot answer are refused, and media that it cannot read are removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from ..codecs.common.foreign_parts import PLACEHOLDER_TEXT
from ..codecs.common.media_support import describe_media, kind_of
from ..codecs.common.plan import WarningCollector, is_own_part
from ..errors import UnsupportedError
from ..providers.operation_routes import OPERATION_NOUNS, default_generation, offered_operations
from ..providers.provider import find_provider
from ..providers.provider_names import KNOWN
from ..types.chat.message import Message
from ..types.config.api import AIModelEndpoint
from ..types.config.call import Call
from ..types.content.parts import Content, Media, TextContent, ToolResultContent
from ..wire.text import matches
from .host_facts import DEPLOYMENTS, clear_on_change, find_row
from .model_info import ModelFacts


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
        "sora*|veo-*|grok-imagine-video*|*nova-reel*|kling*|*hailuo*|*-t2v*|*-i2v*|*-r2v*|wan*-video*|runway*|gen-[34]*"
        "|luma*|ray-[0-9]*|ray-flash-*|seedance*|pixverse*|vidu*|hunyuan-video*|ltx-*|mochi-*|cogvideo*|pika-*",
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


OWN_MODELS = {"embed": "embedding", "rerank": "rerank", "moderate": "moderation"}
"""Operations that only models of one kind offer."""


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
    kind = kind_of_endpoint(endpoint)
    if kind is not None and kind != OF_OPERATION.get(operation, kind):
        provider_name, model = str(endpoint.api.provider), endpoint.ai_model
        raise UnsupportedError(f"{provider_name} ({model.model_name}): {explain_kind(provider_name, kind)}")


def kind_of_endpoint(endpoint: AIModelEndpoint) -> str | None:
    """Return the kind of a model that does not chat; None if it does, or if nothing is known.

    Args:
        endpoint: The endpoint of the model.
    """
    model = endpoint.ai_model
    if "functional_type" in model.model_fields_set:
        return model.functional_type if model.functional_type in KINDS else None
    name = known_name(endpoint)
    return None if name is None else kind_of_model(str(endpoint.api.provider), name)


def known_name(endpoint: AIModelEndpoint) -> str | None:
    """Return the name by which a model is known; None if it has only a name that its user chose."""
    model, provider_name = endpoint.ai_model, str(endpoint.api.provider)
    return model.base_model or (None if provider_name in DEPLOYMENTS else model.model_name)


def check_kind_for(endpoint: AIModelEndpoint, operation: str) -> None:
    """Raise if the model of an endpoint is known to be of another kind than an operation needs.

    Args:
        endpoint: The endpoint.
        operation: The operation. Those that models of several kinds offer, such as transcription, are not checked.

    Raises:
        UnsupportedError: It names the operation.
    """
    if operation in OF_OPERATION:
        check_kind(endpoint, operation)
        return
    needed = OWN_MODELS.get(operation)
    if needed is None or (kind := kind_of_endpoint(endpoint)) == needed:
        return
    model, provider_name, name = endpoint.ai_model, str(endpoint.api.provider), known_name(endpoint)
    row = None if kind or name is None else find_row(provider_name, name)
    if kind or "functional_type" in model.model_fields_set or (row and "functional_type" in row.facts):
        raise UnsupportedError(
            f"{provider_name} ({model.model_name}): {OPERATION_NOUNS[operation]} not offered with this model. "
            "Use another model, or add a deployment with one to the route."
        )


def check_chats(endpoint: AIModelEndpoint) -> None:
    """Raise if `generate` would make images with the model of an endpoint, for callers that need an answer as text.

    Args:
        endpoint: The endpoint.

    Raises:
        UnsupportedError: The model generates images. The message names the operation that it needs.
    """
    if default_generation(endpoint) == "image":
        check_kind(endpoint, "image")
        provider_name = str(endpoint.api.provider)
        reason = explain_kind(provider_name, "image_generation")
        raise UnsupportedError(f"{provider_name} ({endpoint.ai_model.model_name}): {reason}")


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


# Not documents: many hosts convert them to text for models that do not support them.
NAMES = {"image": "images", "audio": "audio", "video": "video"}


def drop_unsupported_media(
    call: Call, facts: ModelFacts | None, protocol: str, warnings: WarningCollector, *, only: tuple[str, ...] = ()
) -> Call:
    """Return the call without media that the model does not support.

    Args:
        call: The call.
        facts: Facts about its model, if known.
        protocol: The protocol of the request.
        warnings: Collects a warning for each removed part.
        only: Modalities that all models of the provider support, whatever the facts say.

    Raises:
        UnsupportedError: If such media are in the new prompt. Media in earlier turns and in tool results are left out.
    """
    modalities = only or input_modalities(call.endpoint, facts)
    if not modalities:
        return call
    modality_filter = ModalityFilter(call, modalities, None if only else facts, protocol, warnings, certain=bool(only))
    answers = [place for place, message in enumerate(call.messages) if message.role == "assistant"]
    now = answers[-1] if answers else -1
    messages = tuple(
        modality_filter.filter_message(message, is_prompt=place > now) for place, message in enumerate(call.messages)
    )
    if all(new is old for new, old in zip(messages, call.messages, strict=True)):
        return call
    return replace(call, messages=messages)


def input_modalities(endpoint: AIModelEndpoint, facts: ModelFacts | None) -> tuple[str, ...]:
    """Return the input modalities from the model's settings, else from the catalogue."""
    settings = endpoint.ai_model.settings
    declared = settings.input_modalities if settings else ()
    return declared or (facts.input_modalities if facts else ())


class ModalityFilter:
    """Filters the parts of one call for one model."""

    def __init__(
        self,
        call: Call,
        modalities: tuple[str, ...],
        facts: ModelFacts | None,
        protocol: str,
        warnings: WarningCollector,
        certain: bool = False,
    ) -> None:
        self._certain = certain
        self._call, self._modalities, self._facts = call, modalities, facts
        self._protocol, self._warnings = protocol, warnings

    def filter_message(self, message: Message, *, is_prompt: bool) -> Message:
        """Return the message without unsupported media."""
        contents = self._filter_contents(message.contents, is_prompt=is_prompt and message.role == "user")
        if contents is None:
            return message
        return message.model_copy(update={"contents": contents or [TextContent(text=PLACEHOLDER_TEXT)]})

    def _filter_contents(self, contents: Sequence[Content], *, is_prompt: bool) -> list[Any] | None:
        """Return the remaining parts; None if nothing changes."""
        made = [(part, self._filter_part(part, is_prompt=is_prompt)) for part in contents]
        return None if all(new is old for old, new in made) else [new for _, new in made if new is not None]

    def _filter_part(self, part: Content, *, is_prompt: bool) -> Content | None:
        if isinstance(part, ToolResultContent) and part.contents:
            contents = self._filter_contents(part.contents, is_prompt=False)
            if contents is None:
                return part
            output = {} if contents or part.output is not None else {"output": PLACEHOLDER_TEXT}
            return part.model_copy(update={"contents": contents, **output})
        if not isinstance(part, Media) or self._supports(part):
            return part
        why = f"the model does not support {NAMES[kind_of(part)]}"
        if words := part.get_text():
            self._warnings.rewritten(describe_media(part), f"{why}, so its transcript was sent instead", part)
            return TextContent(text=words)
        if is_prompt:
            raise self._error(part)
        self._warnings.dropped(describe_media(part), why, part)
        return None

    def _supports(self, part: Media) -> bool:
        """Whether the model supports the part; parts that it generated itself are always supported."""
        kind = kind_of(part)
        return kind not in NAMES or kind in self._modalities or is_own_part(part, self._call, self._protocol)

    def _error(self, part: Media) -> UnsupportedError:
        model, kind = self._call.endpoint.ai_model.model_name, kind_of(part)
        source = self._facts.sources.get("input_modalities") if self._facts else None
        origin = f" ({source.name}, {source.date})" if source else ""
        provider, supported = str(self._call.endpoint.api.provider), ", ".join(self._modalities)
        what = f"{provider} ({model}): {describe_media(part)} cannot be sent"
        if self._certain:
            return UnsupportedError(f"{what}: all models there support {supported} only. Use another provider.")
        settings = f"ChatModelSettings(input_modalities={(*self._modalities, kind)!r})"
        return UnsupportedError(
            f"{what}: the model does not support {NAMES[kind]}, only {supported}{origin}. "
            f"Use another model. If this one supports it, declare it: AIModel(..., settings={settings})."
        )
