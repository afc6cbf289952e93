"""Builders for reasoning and refusals, and for parts that arrive whole."""

from __future__ import annotations

from typing import Any, ClassVar

from ..types.content import Content, ContentItem, Origin, ReasoningContent, RefusalContent
from ..types.delta import ContentDelta, ReasoningDelta, RefusalDelta
from .part_builders import Pieces


class ReasoningPartBuilder:
    __slots__ = ("_extras", "_pieces", "_raw", "_redacted", "_signature")
    takes: ClassVar[tuple[type, ...]] = (ReasoningDelta,)

    def __init__(self) -> None:
        self._pieces = Pieces()
        self._raw = Pieces()
        self._signature: str | None = None
        self._redacted = False
        self._extras: dict[str, Any] = {}

    def add(self, delta: ReasoningDelta) -> None:
        self._pieces.append(delta.text)
        self._raw.append(delta.raw_text)
        self._signature = delta.signature or self._signature
        self._redacted = self._redacted or delta.redacted
        if delta.extras:
            self._extras.update(delta.extras)

    def close(self, origin: Origin | None) -> ContentItem | None:
        text, raw = self._pieces.text(), self._raw.text()
        if not (text or raw or self._signature or self._redacted or self._extras):
            return None
        return ReasoningContent(
            text=text,
            raw_text=raw,
            signature=self._signature,
            redacted=self._redacted,
            origin=origin,
            extras=self._extras,
        )


class RefusalPartBuilder:
    __slots__ = ("_extras", "_pieces")
    takes: ClassVar[tuple[type, ...]] = (RefusalDelta,)

    def __init__(self) -> None:
        self._pieces = Pieces()
        self._extras: dict[str, Any] = {}

    def add(self, delta: RefusalDelta) -> None:
        self._pieces.append(delta.text)
        if delta.extras:
            self._extras.update(delta.extras)

    def close(self, origin: Origin | None) -> ContentItem | None:
        text = self._pieces.text()
        return RefusalContent(text=text, origin=origin, extras=self._extras) if text else None


class ReplacingPartBuilder:
    """A part that arrives whole; a later one replaces it."""

    __slots__ = ("_content",)
    takes: ClassVar[tuple[type, ...]] = (ContentDelta,)

    def __init__(self) -> None:
        self._content: Content | None = None

    def add(self, delta: ContentDelta) -> None:
        self._content = delta.content

    def close(self, origin: Origin | None) -> ContentItem | None:
        if self._content is None:
            return None
        return self._content.model_copy(update={"origin": origin})  # type: ignore[return-value]  # a concrete part
