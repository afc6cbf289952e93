"""Names for values that have no narrower type: JSON, and keyword options on their way to the engine."""

from __future__ import annotations

from typing import Any

Json = Any
"""A JSON value."""

JsonObject = dict[str, Any]
"""A JSON object."""

Options = dict[str, Any]
"""Keyword options on their way to the engine, which checks names and values."""

Arguments = tuple[object, ...]
"""Positional arguments on their way to a method of the engine's client."""

OperationResult = Any
"""What a method of the engine's client returns: the response of the operation, or an iterator."""


def read_tag_pairs(value: object) -> object:
    """Parses `AI_TAGS`: pairs of name and value, separated by commas."""
    if not isinstance(value, str):
        return value
    pairs = [pair.partition("=") for pair in value.split(",") if pair.strip()]
    if not all(name.strip() and equals for name, equals, _ in pairs):
        raise ValueError("write tags as name=value, separated by commas")
    return {name.strip(): text.strip() for name, _, text in pairs}
