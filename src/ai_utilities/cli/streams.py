"""Standard streams of a command: text that could steer a terminal is shown, and output that fails is one kind of error.

Everything that a command prints may contain words of others: answers, tool calls, names of models and files, errors of
servers, entries of caches and ledgers. So the stream itself filters, not each place that prints. Each control character
is replaced on its own, which holds for a sequence in pieces too. What the command itself draws goes through `drawing`.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

CONTROLS = {code: 0x2400 + code for code in range(0x20) if chr(code) not in "\n\t"}
"""C0, shown as control pictures: ESC, which begins sequences (CSI, OSC, DCS, APC), BEL, BS, CR and the rest."""

CONTROLS |= {0x7F: 0x2421, **dict.fromkeys(range(0x80, 0xA0), 0xFFFD)}
"""DEL, and C1, which terminals take for the same sequences in one character."""

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
"""Controls of direction (UAX 9), by which a text shows in another order than it is read, other line ends, and what is
never seen: invisible operators, deprecated format controls, annotations."""

SHOWN: dict[int, int | str] = {
    **CONTROLS,
    **{code: f"<U+{code:04X}>" for code in (*INVISIBLE, *range(0xE0000, 0xE0080))},
}


def visible(text: str) -> str:
    """The text with every character that steers a terminal replaced by one that shows it."""
    return text.translate(SHOWN)


class OutputFailed(OSError):
    """Standard output or standard error cannot be written: it is closed, or its disk is full."""


class OutputStream:
    """Standard output or error of a command. On a terminal, text is shown and never obeyed."""

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

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def draw(self, text: str) -> None:
        """Text of the command itself, with its control sequences."""
        self._put(text)

    def flush(self) -> None:
        with self._failures():
            self._stream.flush()

    def _shown(self, text: str) -> str:
        """A carriage return belongs to the line feed after it, which may come with the next piece."""
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
    """The standard streams of one command; those that the shell closed read as empty, or fail when they are written."""
    before = sys.stdin, sys.stdout, sys.stderr
    sys.stdout = OutputStream(sys.stdout, "standard output")
    sys.stderr = OutputStream(sys.stderr, "standard error")
    if sys.stdin is None:
        sys.stdin = io.StringIO()
    try:
        yield
    finally:
        sys.stdin, sys.stdout, sys.stderr = before


def drawing(stream: TextIO) -> Any:
    """Writes control sequences of the command itself to this stream."""
    return stream.draw if isinstance(stream, OutputStream) else stream.write


def require_output() -> None:
    """Nothing is asked, and paid for, whose answer nobody could read."""
    if isinstance(sys.stdout, OutputStream) and sys.stdout.is_closed:
        raise OutputFailed(errno.EBADF, "it is closed", "standard output")
