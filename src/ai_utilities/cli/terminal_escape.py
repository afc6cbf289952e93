"""Prints output of commands."""

from __future__ import annotations

import sys

from .streams import OutputStream, visible


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
