"""Thinking that stands in the text between tags, as servers without a parser leave it: told apart as it arrives."""

from __future__ import annotations

from collections.abc import Iterator

from ..wire.patterns import matches

OPEN, CLOSE = "<think>", "</think>"


def opens_in_prompt(model: str, patterns: str) -> bool:
    """Whether this model is one of those whose chat template has written the opening tag already."""
    return matches(model.lower(), patterns)


class ThinkTagParser:
    """Splits one answer. Only thinking that begins the answer counts: later tags are words about tags.

    Holds back no more than what may become a tag. With `opened`, the answer begins inside of the thinking.
    """

    __slots__ = ("_blank", "_held", "_inside", "_opened", "_unclosed")

    def __init__(self, *, opened: bool = False) -> None:
        self._held = ""
        self._blank = False
        self._inside: bool | None = None
        """Before the first words, this is not known."""

        self._opened = opened
        self._unclosed: list[str] | None = [] if opened else None
        """All that was heard, until a tag shows that it was thinking."""

    def feed(self, text: str) -> Iterator[tuple[bool, str]]:
        """The pieces that are certain, each with whether it is thinking."""
        self._held += text
        if self._unclosed is not None:
            self._unclosed.append(text)
        if self._inside is None:
            self._start()
        if self._inside is True:
            yield from self._read_thinking()
        if self._inside is False:
            yield from self._emit(False, len(self._held))

    def finish(self) -> Iterator[tuple[bool, str]]:
        """What was held back until the end."""
        yield from self._emit(self._inside is True, len(self._held))

    def stop(self) -> Iterator[tuple[bool, str]]:
        """The answer is complete. If nothing ever closed what nothing opened, all of it was the answer."""
        text, self._unclosed = "".join(self._unclosed or ()), None
        if text:
            self._held, self._inside, self._blank = "", False, False
            yield False, text

    def disable(self) -> None:
        """The thinking comes another way: only an answer that opens a tag itself has one in its text."""
        if self._inside is None:
            self._opened, self._unclosed = False, None

    @property
    def is_done(self) -> bool:
        """Whether everything that follows is text as it comes."""
        return self._inside is False and not self._blank

    def _start(self) -> None:
        start = self._held.lstrip()
        if start.startswith(OPEN):
            self._inside, self._blank, self._held = True, True, start[len(OPEN) :]
            self._unclosed = None
        elif not OPEN.startswith(start):
            self._inside = self._blank = self._opened

    def _read_thinking(self) -> Iterator[tuple[bool, str]]:
        end = self._held.find(CLOSE)
        if end < 0:
            yield from self._emit(True, len(self._held) - partial_tag_length(self._held))
            return
        yield from self._emit(True, end)
        self._held, self._inside, self._blank = self._held[len(CLOSE) :], False, True
        self._unclosed = None

    def _emit(self, thinking: bool, size: int) -> Iterator[tuple[bool, str]]:
        """So many characters; without the blank lines that only set the tags apart."""
        text, self._held = self._held[:size], self._held[size:]
        if self._blank:
            text = text.lstrip()
        if text:
            self._blank = False
            yield thinking, text


def partial_tag_length(text: str) -> int:
    """How many characters at the end may be the beginning of the closing tag."""
    return next((size for size in range(len(CLOSE) - 1, 0, -1) if text.endswith(CLOSE[:size])), 0)
