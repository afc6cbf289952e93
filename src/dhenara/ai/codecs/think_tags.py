"""Thinking that stands in the text between tags, as servers without a parser leave it: told apart as it arrives."""

from __future__ import annotations

from collections.abc import Iterator

OPEN, CLOSE = "<think>", "</think>"


class ThinkTags:
    """Splits one answer. Only thinking that begins the answer counts: later tags are words about tags.

    Holds back no more than what may become a tag.
    """

    __slots__ = ("_blank", "_held", "_inside")

    def __init__(self) -> None:
        self._held = ""
        self._blank = False
        self._inside: bool | None = None
        """Before the first words, this is not known."""

    def feed(self, text: str) -> Iterator[tuple[bool, str]]:
        """The pieces that are certain, each with whether it is thinking."""
        self._held += text
        if self._inside is None:
            self._begin()
        if self._inside is True:
            yield from self._think()
        if self._inside is False:
            yield from self._tell(False, len(self._held))

    def finish(self) -> Iterator[tuple[bool, str]]:
        """What was held back until the end."""
        yield from self._tell(self._inside is True, len(self._held))

    @property
    def over(self) -> bool:
        """Whether everything that follows is text as it comes."""
        return self._inside is False and not self._blank

    def _begin(self) -> None:
        start = self._held.lstrip()
        if start.startswith(OPEN):
            self._inside, self._blank, self._held = True, True, start[len(OPEN) :]
        elif not OPEN.startswith(start):
            self._inside = False

    def _think(self) -> Iterator[tuple[bool, str]]:
        end = self._held.find(CLOSE)
        if end < 0:
            yield from self._tell(True, len(self._held) - unfinished(self._held))
            return
        yield from self._tell(True, end)
        self._held, self._inside, self._blank = self._held[len(CLOSE) :], False, True

    def _tell(self, thinking: bool, size: int) -> Iterator[tuple[bool, str]]:
        """So many characters; without the blank lines that only set the tags apart."""
        said, self._held = self._held[:size], self._held[size:]
        if self._blank:
            said = said.lstrip()
        if said:
            self._blank = False
            yield thinking, said


def unfinished(text: str) -> int:
    """How many characters at the end may be the beginning of the closing tag."""
    return next((size for size in range(len(CLOSE) - 1, 0, -1) if text.endswith(CLOSE[:size])), 0)
