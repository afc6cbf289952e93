"""Builders of text, reasoning, refusals, and parts that arrive whole."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

from ..types.chat.delta import CitationDelta, ContentDelta, ReasoningDelta, RefusalDelta, TextDelta
from ..types.content.base import Citation, Origin, TextContent
from ..types.content.parts import Content, ContentItem, ReasoningContent, RefusalContent


class PartBuilder(Protocol):
    """Collects pieces in lists and joins them once, so that the cost per piece does not grow with the length."""

    takes: ClassVar[tuple[type, ...]]
    """Delta types that this builder accepts."""

    def add(self, delta: Any) -> None: ...

    def close(self, origin: Origin | None) -> ContentItem | None:
        """Return the part so far; None if it is empty."""


class Pieces(list[str]):
    """The pieces of a text that can be read while it arrives; joined pieces are not joined again."""

    __slots__ = ("_joined",)

    def __init__(self) -> None:
        super().__init__()
        self._joined = ""

    def text(self) -> str:
        """Return all text received so far."""
        if self:
            self._joined = "".join((self._joined, *self))
            self.clear()
        return self._joined


class TextPartBuilder:
    __slots__ = ("_citations", "_extras", "_pieces")
    takes: ClassVar[tuple[type, ...]] = (TextDelta, CitationDelta)

    def __init__(self) -> None:
        self._pieces = Pieces()
        self._citations: list[Citation] = []
        self._extras: dict[str, Any] = {}

    def add(self, delta: TextDelta | CitationDelta) -> None:
        if isinstance(delta, CitationDelta):
            self._citations.append(delta.citation)
            return
        self._pieces.append(delta.text)
        if delta.extras:
            self._extras.update(delta.extras)

    def close(self, origin: Origin | None) -> ContentItem | None:
        text = self._pieces.text()
        if not (text or self._citations or self._extras):
            return None
        return TextContent(text=text, citations=list(self._citations), origin=origin, extras=dict(self._extras))


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
