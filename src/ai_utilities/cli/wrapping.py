"""Wraps long lines at a terminal; other output is not wrapped."""

from __future__ import annotations

import shutil
import textwrap
from typing import TextIO

NARROWEST = 40


def wrap_text(text: str, stream: TextIO, indent: int = 0) -> str:
    """Each line wrapped to the width of the terminal, with the following lines indented."""
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
