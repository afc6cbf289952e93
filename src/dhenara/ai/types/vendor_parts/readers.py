"""Readers of content parts in the formats of vendors, by the type or the key of the part."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .anthropic import ANTHROPIC_READERS
from .bedrock import read_bedrock
from .cohere import COHERE_READERS
from .gemini import read_gemini
from .mistral import MISTRAL_READERS
from .openai import OPENAI_READERS

Reader = Callable[[Mapping[str, Any]], "dict[str, Any] | None"]
READERS: tuple[Mapping[str, Reader], ...] = (OPENAI_READERS, ANTHROPIC_READERS, MISTRAL_READERS, COHERE_READERS)
"""Readers by the `type` of a part; each returns None for a part that is not its vendor's."""


def read_typed(part: Mapping[str, Any]) -> dict[str, Any] | None:
    """Read a part with a type; None if it is not in the format of a vendor."""
    kind = str(part["type"])
    read = (readers[kind](part) for readers in READERS if kind in readers)
    return next((one for one in read if one is not None), None)


def read_keyed(part: Mapping[str, Any]) -> dict[str, Any] | None:
    """Read a part whose key is its type, as Google and Amazon write them; None for any other."""
    return read_gemini(part) or read_bedrock(part)
