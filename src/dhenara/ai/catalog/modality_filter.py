"""Modalities: removes media that a model does not support from a call, or refuses the call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..codecs.common.foreign_parts import PLACEHOLDER_TEXT
from ..codecs.common.media_support import describe_media, kind_of
from ..codecs.common.plan import WarningCollector, is_own_part
from ..errors import UnsupportedError
from ..types.chat.message import Message
from ..types.config.api import AIModelEndpoint
from ..types.config.call import Call
from ..types.content.parts import Content, Media, TextContent, ToolResultContent
from .model_info import ModelFacts

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
