"""Deepgram query parameters and errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from ...errors import CallError
from ...http.protocol.message import Head
from ..failure import error_from_response


def address(path: str, wanted: Mapping[str, Any]) -> str:
    """Return the path with query; booleans as words, lists as repeated parameters."""
    text = [(name, query_value(one)) for name, value in wanted.items() for one in as_list(value)]
    return f"{path}?{urlencode(text)}" if text else path


def as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def query_value(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def read_refusal(head: Head, body: Any) -> CallError:
    """`{"err_code", "err_msg", "request_id"}`, or `{"category", "message", "details"}`."""
    data = body if isinstance(body, dict) else {}
    message = data.get("err_msg") or data.get("message") or data.get("details")
    code = data.get("err_code") or data.get("category")
    return error_from_response(head, body, message, code)
