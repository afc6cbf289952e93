"""Long lines, broken between words where somebody reads them at a terminal; programs get them whole."""

from __future__ import annotations

import shutil
import textwrap
from typing import TextIO

NARROWEST = 40


def wrap_text(text: str, stream: TextIO, indent: int = 0) -> str:
    """Each line within the width of the terminal; what goes on is indented."""
    if not stream.isatty():
        return text
    width = max(NARROWEST, shutil.get_terminal_size().columns)
    return "\n".join(
        textwrap.fill(
            line,
            width,
            subsequent_indent=" " * indent,
            drop_whitespace=True,
            replace_whitespace=False,
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in text.splitlines()
    )
