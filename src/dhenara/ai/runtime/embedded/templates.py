"""Reads the chat template in a GGUF file."""

from __future__ import annotations

import mmap
import struct
from functools import lru_cache
from pathlib import Path

KEY = b"tokenizer.chat_template"
STRING = 8
# Metadata comes before the weights; vocabularies take a few megabytes of it.
FARTHEST = 256 * 1024 * 1024


@lru_cache
def knows_tools(model: Path) -> bool:
    """Return whether the chat template of this GGUF file supports tools."""
    return "tools" in read_template(model)


def read_template(model: Path) -> str:
    """Return the chat template: a GGUF string entry of name, type, length and value."""
    with model.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as head:
        named = struct.pack("<Q", len(KEY)) + KEY
        position = head.find(named, 0, FARTHEST)
        if position < 0:
            return ""
        at = position + len(named)
        kind, size = struct.unpack_from("<IQ", head, at)
        return bytes(head[at + 12 : at + 12 + size]).decode("utf-8", "replace") if kind == STRING else ""
