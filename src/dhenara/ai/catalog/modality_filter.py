"""Senses: what a model can see and hear, and what is left of a call for one that cannot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..codecs.common.media_support import describe_media, kind_of
from ..codecs.common.plan import is_own_part
from ..codecs.common.warnings import WarningCollector
from ..errors import UnsupportedError
from ..types.chat.message import Message
from ..types.config.api import AIModelEndpoint
from ..types.config.call import Call
from ..types.content.parts import Content, Media, TextContent, ToolResultContent
from .model_info import ModelFacts

# Documents are read out by many hosts for models that cannot read them, so nothing follows from what a model takes in.
DOES = {"image": "see pictures", "audio": "hear sound", "video": "see films"}
NOTHING = "."


def drop_unsupported_media(
    call: Call, facts: ModelFacts | None, protocol: str, warnings: WarningCollector, *, only: tuple[str, ...] = ()
) -> Call:
    """The call as this model can take it in.

    What is asked about now must be taken in, or nothing is sent; what lies further back, or was found by a tool,
    stays home. A plan is told the same as a request, so it raises the same error. `only` is what every model of the
    provider takes in, whatever is said of one.
    """
    modalities = only or input_modalities(call.endpoint, facts)
    if not modalities:
        return call
    senses = ModalityFilter(call, modalities, None if only else facts, protocol, warnings, certain=bool(only))
    text = [place for place, message in enumerate(call.messages) if message.role == "assistant"]
    now = text[-1] if text else -1
    messages = tuple(
        senses.filter_message(message, is_prompt=place > now) for place, message in enumerate(call.messages)
    )
    if all(new is old for new, old in zip(messages, call.messages, strict=True)):
        return call
    return replace(call, messages=messages)


def input_modalities(endpoint: AIModelEndpoint, facts: ModelFacts | None) -> tuple[str, ...]:
    """The user's own word about the model counts before the catalogue's."""
    settings = endpoint.ai_model.settings
    data = settings.input_modalities if settings else ()
    return data or (facts.input_modalities if facts else ())


class ModalityFilter:
    """One model, looking at the parts of one call."""

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
        """The message without what the model cannot take in."""
        contents = self._filter_contents(message.contents, is_prompt=is_prompt and message.role == "user")
        if contents is None:
            return message
        return message.model_copy(update={"contents": contents or [TextContent(text=NOTHING)]})

    def _filter_contents(self, contents: Sequence[Content], *, is_prompt: bool) -> list[Any] | None:
        """None where all can stay as it is."""
        made = [(part, self._filter_part(part, is_prompt=is_prompt)) for part in contents]
        return None if all(new is old for old, new in made) else [new for _, new in made if new is not None]

    def _filter_part(self, part: Content, *, is_prompt: bool) -> Content | None:
        if isinstance(part, ToolResultContent) and part.contents:
            contents = self._filter_contents(part.contents, is_prompt=False)
            if contents is None:
                return part
            data = {} if contents or part.output is not None else {"output": NOTHING}
            return part.model_copy(update={"contents": contents, **data})
        if not isinstance(part, Media) or self._supports(part):
            return part
        why = f"the model does not {DOES[kind_of(part)]}"
        if words := part.get_text():
            self._warnings.rewritten(describe_media(part), f"{why}, so its transcript was sent instead", part)
            return TextContent(text=words)
        if is_prompt:
            raise self._error(part)
        self._warnings.dropped(describe_media(part), why, part)
        return None

    def _supports(self, part: Media) -> bool:
        """Whether the model takes it in; what it made itself it may always hear of again."""
        kind = kind_of(part)
        return kind not in DOES or kind in self._modalities or is_own_part(part, self._call, self._protocol)

    def _error(self, part: Media) -> UnsupportedError:
        model, kind = self._call.endpoint.ai_model.model_name, kind_of(part)
        source = self._facts.sources.get("input_modalities") if self._facts else None
        says_who = f" ({source.name}, {source.date})" if source else ""
        if self._certain:
            provider = self._call.endpoint.api.provider
            return UnsupportedError(
                f"{provider} ({model}): {describe_media(part)} cannot be sent: models there take in "
                f"{', '.join(self._modalities)} only. Ask another provider."
            )
        settings = f"ChatModelSettings(input_modalities={(*self._modalities, kind)!r})"
        return UnsupportedError(
            f"{describe_media(part)} cannot be sent: {model} does not {DOES[kind]}, "
            f"it takes in {', '.join(self._modalities)}"
            f"{says_who}. Ask a model that does. If this one does after all, say so: AIModel(..., settings={settings})."
        )
