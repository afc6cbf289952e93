"""Part builders: one part of a response while it is received; the first delta decides its type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from ..types.delta import CitationDelta, TextDelta
from ..types.part import Origin
from ..types.text import Citation, TextContent

if TYPE_CHECKING:
    from ..types.content import ContentItem


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
        return TextContent.construct_unchecked(
            text=text, citations=list(self._citations), origin=origin, extras=dict(self._extras)
        )
