"""Chat templates: what a model's own file says about how it is spoken to."""

from __future__ import annotations

import mmap
import struct
from functools import lru_cache
from pathlib import Path

KEY = b"tokenizer.chat_template"
STRING = 8
# All that is said of a model stands before its weights; vocabularies take a few megabytes of it.
FARTHEST = 256 * 1024 * 1024


@lru_cache
def knows_tools(model: Path) -> bool:
    """Whether the template of this GGUF file shows tools to the model. One without a template knows none."""
    return "tools" in read_template(model)


def read_template(model: Path) -> str:
    """A string in the head of the file: its name, its kind, how long it is, and itself."""
    with model.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as head:
        named = struct.pack("<Q", len(KEY)) + KEY
        match = head.find(named, 0, FARTHEST)
        if match < 0:
            return ""
        at = match + len(named)
        kind, size = struct.unpack_from("<IQ", head, at)
        return bytes(head[at + 12 : at + 12 + size]).decode("utf-8", "replace") if kind == STRING else ""
