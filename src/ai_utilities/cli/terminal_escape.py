"""What a command prints on standard output."""

from __future__ import annotations

import sys

from .streams import OutputStream, visible


def show(text: str = "", *, end: bool = True) -> None:
    """Prints the text. On a terminal, what would steer it is shown instead of obeyed (`streams`).

    Args:
        text: What to print; programs that read the output get it as it is.
        end: Whether a line ends with it.
    """
    if not isinstance(sys.stdout, OutputStream) and sys.stdout.isatty():
        text = visible(text.replace("\r\n", "\n"))
    sys.stdout.write(f"{text}\n" if end else text)
    sys.stdout.flush()
