"""Standard streams of a command: control characters are made visible, and output errors have one type."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TextIO

CONTROLS = {code: 0x2400 + code for code in range(0x20) if chr(code) not in "\n\t"}
"""C0 controls, shown as control pictures: ESC, which begins sequences (CSI, OSC, DCS, APC), BEL, BS, CR and others."""

CONTROLS |= {0x7F: 0x2421, **dict.fromkeys(range(0x80, 0xA0), 0xFFFD)}
"""DEL, and C1 controls, which are one-character forms of the same sequences."""

INVISIBLE = (
    0x061C,
    0x180E,
    0x200E,
    0x200F,
    *range(0x2028, 0x202F),
    *range(0x2060, 0x2070),
    0xFEFF,
    *range(0xFFF9, 0xFFFC),
)
"""Bidirectional controls (UAX 9), which display text in another order than stored, other line ends, and characters
that are never visible: invisible operators, deprecated format controls, annotations."""

SHOWN: dict[int, int | str] = {
    **CONTROLS,
    **{code: f"<U+{code:04X}>" for code in (*INVISIBLE, *range(0xE0000, 0xE0080))},
}


def visible(text: str) -> str:
    """The text with every control character replaced by a visible one."""
    return text.translate(SHOWN)


class OutputFailed(OSError):
    """Standard output or standard error is closed, or its disk is full."""


class OutputStream:
    """Standard output or error of a command. On a terminal, control characters are made visible."""

    def __init__(self, stream: TextIO | None, name: str) -> None:
        self._stream = io.StringIO() if stream is None else stream
        self._closed = stream is None
        self._name = name
        self._filters = stream is not None and stream.isatty()
        self._held = ""

    @property
    def is_closed(self) -> bool:
        """Whether the command was started without this stream."""
        return self._closed

    def write(self, text: str) -> int:
        shown = self._shown(text) if self._filters else text
        self._put(shown)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def draw(self, text: str) -> None:
        """Writes the command's own text, with its control sequences."""
        self._put(text)

    def flush(self) -> None:
        with self._failures():
            self._stream.flush()

    def _shown(self, text: str) -> str:
        """Holds back a carriage return, as its line feed may come with the next write."""
        text, self._held = self._held + text, ""
        if text.endswith("\r"):
            text, self._held = text[:-1], "\r"
        return visible(text.replace("\r\n", "\n"))

    def _put(self, text: str) -> None:
        if self._closed and text:
            raise OutputFailed(errno.EBADF, "it is closed", self._name)
        with self._failures():
            try:
                self._stream.write(text)
            except UnicodeEncodeError:
                encoding = self._stream.encoding or "ascii"
                self._stream.write(text.encode(encoding, "backslashreplace").decode(encoding))

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            raise
        except (OSError, ValueError) as error:
            code = getattr(error, "errno", None) or errno.EBADF
            raise OutputFailed(code, os.strerror(code), self._name) from error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def command_streams() -> Iterator[None]:
    """Wraps the standard streams for one command. A closed stdin reads as empty; writing to a closed stream fails."""
    before = sys.stdin, sys.stdout, sys.stderr
    sys.stdout = OutputStream(sys.stdout, "standard output")
    sys.stderr = OutputStream(sys.stderr, "standard error")
    if sys.stdin is None:
        sys.stdin = io.StringIO()
    try:
        yield
    finally:
        sys.stdin, sys.stdout, sys.stderr = before


def drawing(stream: TextIO) -> Callable[[str], object]:
    """A function that writes the command's own control sequences to this stream."""
    return stream.draw if isinstance(stream, OutputStream) else stream.write


def require_output() -> None:
    """Raises if standard output is closed, so that no request is paid for whose answer cannot be printed."""
    if isinstance(sys.stdout, OutputStream) and sys.stdout.is_closed:
        raise OutputFailed(errno.EBADF, "it is closed", "standard output")


def show(text: str = "", *, end: bool = True) -> None:
    """Prints the text. On a terminal, control characters are made visible (see `streams`).

    Args:
        text: The text; it is not changed if output is not a terminal.
        end: Whether to end the line.
    """
    if not isinstance(sys.stdout, OutputStream) and sys.stdout.isatty():
        text = visible(text.replace("\r\n", "\n"))
    sys.stdout.write(f"{text}\n" if end else text)
    sys.stdout.flush()


def fact_text(value: object) -> str:
    """The value of a fact as a reader expects it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,} tokens"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {one}" for key, one in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list | tuple | set | frozenset) else str(value)
