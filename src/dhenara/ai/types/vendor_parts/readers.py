"""Readers of content parts in the formats of vendors, by the type or the key of the part."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from . import anthropic, bedrock, cohere, gemini, mistral, openai

Reader = Callable[[Mapping[str, Any]], "dict[str, Any] | None"]
BY_TYPE: dict[str, tuple[Reader, ...]] = {}
"""Readers by the `type` of a part; each gives None for a part that is not its vendor's."""

for readers in (openai.READERS, anthropic.READERS, mistral.READERS, cohere.READERS):
    for kind, reader in readers.items():
        BY_TYPE[kind] = (*BY_TYPE.get(kind, ()), reader)


def read_typed(part: Mapping[str, Any]) -> dict[str, Any] | None:
    """A part that says its type; None for one that is not known to be a vendor's."""
    match = (reader(part) for reader in BY_TYPE.get(str(part["type"]), ()))
    return next((one for one in match if one is not None), None)


def read_keyed(part: Mapping[str, Any]) -> dict[str, Any] | None:
    """A part whose only key says what it is, as Google's and Amazon's do; None for any other."""
    return gemini.read(part) or bedrock.read(part)
