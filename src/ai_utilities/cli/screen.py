"""Answers at a terminal: what would steer the terminal is shown instead of obeyed."""

from __future__ import annotations

import sys

import typer

STEERING = {code: 0x2400 + code for code in range(0x20) if chr(code) not in "\n\t"}
STEERING |= {0x7F: 0x2421, **dict.fromkeys(range(0x80, 0xA0), 0xFFFD)}
"""Escape sequences in an answer could retitle the window, or write into the clipboard."""


def show(text: str, *, end: bool = True) -> None:
    """Programs get every byte; people, pictures of what cannot be read."""
    typer.echo(text.replace("\r\n", "\n").translate(STEERING) if sys.stdout.isatty() else text, nl=end)
    sys.stdout.flush()
