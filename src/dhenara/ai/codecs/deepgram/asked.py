"""What Deepgram is asked, which is in the address; and how it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from ...errors import CallError
from ...wire.http import Head
from ..failure import failure


def address(path: str, wanted: Mapping[str, Any]) -> str:
    """The path with what is wanted; truth as a word, lists as several."""
    said = [(name, spelled(one)) for name, value in wanted.items() for one in listed(value)]
    return f"{path}?{urlencode(said)}" if said else path


def listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def spelled(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def read_refusal(head: Head, body: Any) -> CallError:
    """`{"err_code", "err_msg", "request_id"}`, or `{"category", "message", "details"}`."""
    told = body if isinstance(body, dict) else {}
    message = told.get("err_msg") or told.get("message") or told.get("details")
    code = told.get("err_code") or told.get("category")
    return failure(head, body, message, code)
