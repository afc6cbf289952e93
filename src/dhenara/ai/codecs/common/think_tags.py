"""Reasoning between tags in the text, from servers without a reasoning parser: separated while it arrives."""

from __future__ import annotations

from collections.abc import Iterator

from ...wire.text import matches

OPEN, CLOSE = "<think>", "</think>"


def opens_in_prompt(model: str, patterns: str) -> bool:
    """Whether the chat template of this model writes the opening tag into the prompt."""
    return matches(model.lower(), patterns)


class ThinkTagParser:
    """Splits one answer into reasoning and text. Only tags at the beginning of the answer count.

    Holds back only text that may be part of a tag. With `opened`, the answer starts inside of the reasoning.
    """

    __slots__ = ("_blank", "_held", "_inside", "_opened", "_unclosed")

    def __init__(self, *, opened: bool = False) -> None:
        self._held = ""
        self._blank = False
        self._inside: bool | None = None
        """None until the first text arrives."""

        self._opened = opened
        self._unclosed: list[str] | None = [] if opened else None
        """All text so far, until a closing tag shows that it was reasoning."""

    def feed(self, text: str) -> Iterator[tuple[bool, str]]:
        """Return the text that is certain, in pieces, each with whether it is reasoning."""
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
        """Return the text that was held back."""
        yield from self._emit(self._inside is True, len(self._held))

    def stop(self) -> Iterator[tuple[bool, str]]:
        """End the answer. Without a closing tag, all text since an implicit opening was the answer."""
        text, self._unclosed = "".join(self._unclosed or ()), None
        if text:
            self._held, self._inside, self._blank = "", False, False
            yield False, text

    def disable(self) -> None:
        """The reasoning arrives in a field: only an explicit opening tag counts from now on."""
        if self._inside is None:
            self._opened, self._unclosed = False, None

    @property
    def is_done(self) -> bool:
        """Whether all following text passes through unchanged."""
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
        """Emit this number of characters, without blank lines around the tags."""
        text, self._held = self._held[:size], self._held[size:]
        if self._blank:
            text = text.lstrip()
        if text:
            self._blank = False
            yield thinking, text


def partial_tag_length(text: str) -> int:
    """Return how many characters at the end may be the start of the closing tag."""
    return next((size for size in range(len(CLOSE) - 1, 0, -1) if text.endswith(CLOSE[:size])), 0)
