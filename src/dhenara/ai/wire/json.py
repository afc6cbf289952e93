"""The one JSON door. pydantic_core reads bytes several times faster than the standard library."""

from __future__ import annotations

from typing import Any

from pydantic_core import from_json, to_json


def loads(data: bytes | str) -> Any:
    """The value in `data`, or ValueError."""
    try:
        return from_json(data, cache_strings="keys")
    except ValueError as error:
        return patient(data, error)


def patient(data: bytes | str, error: ValueError) -> Any:
    """The same of JSON with half letters, with a mark before it, or nested deeply; else this error."""
    import json

    try:
        value = json.loads(data if isinstance(data, str) else data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise error from None
    return mended(value)


def mended(value: Any) -> Any:
    """Half a letter, which no encoding can carry, becomes the sign for a letter that was lost."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [mended(one) for one in value]
    return {mended(name): mended(one) for name, one in value.items()} if isinstance(value, dict) else value


def loads_partial(data: bytes | bytearray) -> Any:
    """The value as far as it goes, its last string cut where the bytes end; ValueError where it is no JSON at all."""
    return from_json(bytes(data), cache_strings="keys", allow_partial="trailing-strings")


def dumps(value: Any) -> bytes:
    """Compact UTF-8; the order of keys is the order of the dict, so equal calls give equal bytes.

    Numbers that JSON has no word for are null.
    """
    return to_json(value, inf_nan_mode="null")
