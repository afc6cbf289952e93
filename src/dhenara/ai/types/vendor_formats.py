"""Content parts in vendor formats, converted to our types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from .model_base import FrozenModel, model_fields

MARKS = ("cache_control", "prompt_cache_breakpoint")
OURS_ONLY = frozenset(("audio", "video", "tool_call", "generic"))
"""Types of ours that no vendor format has."""


def read_parts(given: Any) -> list[Any]:
    """Read strings, paths, bytes, files, content parts, and dicts in our own or a vendor's format."""
    if isinstance(given, str | bytes | bytearray | memoryview) or not isinstance(given, Sequence):
        return [read_part(given)]
    return [read_part(part) for part in given]


def read_part(part: Any) -> Any:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    if not isinstance(part, Mapping):
        return part if isinstance(part, FrozenModel) else read_object(part)
    if any(mark in part for mark in MARKS):
        return mark_part(read_part({key: value for key, value in part.items() if key not in MARKS}), part)
    if "type" not in part:
        return read_untyped(part)
    if part["type"] in OURS_ONLY or (part["type"] == "text" and "citations" not in part):
        return without_none(part)
    from .vendor_parts.readers import read_typed

    match = read_typed(part)
    return without_none(part) if match is None else match


def without_none(part: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that have a value: SDKs write None for all others."""
    return {name: value for name, value in part.items() if value is not None}


def read_untyped(part: Mapping[str, Any]) -> dict[str, Any]:
    """Google and Amazon parts have no type field; their key is the type."""
    from .vendor_parts.readers import read_keyed

    match = read_keyed(part)
    return dict(part) if match is None else match


def read_object(given: Any) -> Any:
    """A part that is an object of a vendor's SDK, or a source of content."""
    fields = model_fields(given)
    return read_source(given) if fields is None else read_part(fields)


def read_source(given: Any) -> Any:
    """Read paths, bytes and open files; leave other values to validation."""
    if not (isinstance(given, bytes | bytearray | memoryview | PurePath) or hasattr(given, "read")):
        return given
    from .content_parsing import content_of

    return content_of(given)


def mark_part(part: Any, given: Mapping[str, Any]) -> Any:
    """Copy the cache marker of the vendor format into the part."""
    marks = {mark: given[mark] for mark in MARKS if given.get(mark) is not None}
    return {**part, "extras": {**part.get("extras", {}), **marks}} if marks else part
