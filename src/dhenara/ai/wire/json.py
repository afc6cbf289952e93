"""JSON in and out, bounded in depth and lenient with surrogates; and JSON found in texts."""

from __future__ import annotations

import json
import re
from typing import Any

from pydantic_core import PydanticSerializationError, from_json, to_json

LAST_WORD = b"[DONE]"
DEEPEST = 250
"""Levels of nesting that are read: what is read must be written again, and pydantic writes 254 levels."""

DEEPEST_INSIDE = 200
"""The same for JSON in a text, such as arguments of tools: it becomes a part of other values."""


def loads(data: bytes | str, deepest: int = DEEPEST) -> Any:
    """Parse JSON; raises ValueError."""
    try:
        return from_json(data, cache_strings="keys")
    except ValueError as error:
        return loads_lenient(data, error, deepest)


def loads_lenient(data: bytes | str, error: ValueError, deepest: int) -> Any:
    """Parse JSON with lone surrogates or a byte order mark; raise `error` if it is invalid all the same."""
    try:
        value = json.loads(data if isinstance(data, str) else data.decode("utf-8-sig"))
        return replace_surrogates(value, deepest)
    except RecursionError:
        raise TooDeep(deepest) from None
    except TooDeep:
        raise
    except ValueError:
        raise error from None


class TooDeep(ValueError):
    """JSON that nests deeper than can be read."""

    def __init__(self, deepest: int) -> None:
        super().__init__(f"JSON is nested deeper than {deepest} levels")


def replace_surrogates(value: Any, deepest: int) -> Any:
    """Half a letter, which no encoding can carry, becomes the sign for a letter that was lost."""

    def mend(value: Any, depth: int) -> Any:
        if isinstance(value, str):
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        if not isinstance(value, list | dict):
            return value
        if depth >= deepest:
            raise TooDeep(deepest)
        if isinstance(value, list):
            return [mend(one, depth + 1) for one in value]
        return {mend(name, depth): mend(one, depth + 1) for name, one in value.items()}

    return mend(value, 0)


def loads_partial(data: bytes | bytearray) -> Any:
    """The value as far as it goes, its last string cut where the bytes end; ValueError where it is no JSON at all."""
    return from_json(bytes(data), cache_strings="keys", allow_partial="trailing-strings")


def is_beginning(data: bytes) -> bool:
    """Whether this may be the beginning of JSON, or of the last word of a stream, cut off anywhere."""
    if LAST_WORD.startswith(data.strip()):
        return True
    for end in range(len(data), max(0, len(data) - 4), -1):
        # The cut may be inside a letter of several bytes.
        try:
            loads_partial(data[:end])
        except ValueError:
            continue
        return not has_end(data)
    return False


def has_end(data: bytes) -> bool:
    """Return whether the data begins with a complete value, followed by something else."""
    try:
        json.JSONDecoder().raw_decode(data.decode("utf-8", "replace").lstrip())
    except (ValueError, RecursionError):
        return False
    return True


def dumps(value: Any) -> bytes:
    """Write compact UTF-8 JSON. Keys keep the order of the dict, so equal values give equal bytes.

    NaN and infinite numbers become null.
    """
    try:
        return to_json(value, inf_nan_mode="null")
    except PydanticSerializationError as error:
        if "depth" not in str(error):
            raise
        return deep(value, error)


write_text = json.JSONEncoder(ensure_ascii=False).encode
"""Writes a text as JSON, as `dumps` does, but returns it as a text."""


def deep(value: Any, error: PydanticSerializationError) -> bytes:
    """Write values that are nested a little deeper than pydantic allows; raise `error` if that fails too."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError):
        raise error from None


FENCED = re.compile(r"```(?:json)?\s*\n(.*?)\n?\s*```", re.DOTALL)
BEGINNING = re.compile(r"[{\[]")


def find_json(text: str) -> Any:
    """Return the JSON value of the text, or the one inside it (fenced, or between words); raises ValueError."""
    try:
        return loads(text, DEEPEST_INSIDE)
    except ValueError as error:
        wrong = error
    for fenced in reversed(FENCED.findall(text)):
        try:
            return loads(fenced, DEEPEST_INSIDE)
        except ValueError:
            continue
    decoder = json.JSONDecoder()
    at = BEGINNING.search(text)
    while at is not None:
        try:
            return replace_surrogates(decoder.raw_decode(text, at.start())[0], DEEPEST_INSIDE)
        except RecursionError:
            raise TooDeep(DEEPEST_INSIDE) from None
        except ValueError:
            at = BEGINNING.search(text, at.end())
    raise wrong
