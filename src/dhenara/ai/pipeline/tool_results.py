"""Converts return values and exceptions of tools to tool results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic_core import to_json

from ..types.content import Content, Media, SearchResultContent, TextContent, ToolCallContent, ToolResultContent

NOTHING = "null"
"""Result of a function that returns None, because some providers reject empty results."""


def read_result(call: ToolCallContent, value: Any) -> ToolResultContent:
    """Convert a return value: text unchanged, media as parts, anything else as JSON."""
    if isinstance(value, ToolResultContent):
        return value.model_copy(update={"call_id": call.id, "name": value.name or call.name})
    parts = as_parts(value)
    if parts is not None:
        return ToolResultContent(call_id=call.id, name=call.name, contents=parts)
    output = NOTHING if value is None else to_json_value(value)
    return ToolResultContent(call_id=call.id, name=call.name, output=output)


def as_parts(value: Any) -> list[Any] | None:
    """Return the value as parts if it is a part or a list that contains one."""
    if isinstance(value, Media | TextContent | SearchResultContent):
        return [value]
    if not isinstance(value, list | tuple) or not any(isinstance(one, Content) for one in value):
        return None
    return [one if isinstance(one, Content) else TextContent(text=to_text(one)) for one in value]


def to_json_value(value: Any) -> Any:
    """Return the value as JSON; what JSON cannot represent is converted with `str`."""
    if isinstance(value, str):
        value.encode()  # raises for lone surrogates, which cannot be sent
        return value
    from ..wire import json

    return json.loads(to_json(value, by_alias=True, fallback=str, bytes_mode="base64", inf_nan_mode="strings"))


def to_text(value: Any) -> str:
    from ..wire import json

    return value if isinstance(value, str) else json.dumps(to_json_value(value)).decode()


def error_result(call: ToolCallContent, message: str) -> ToolResultContent:
    """Return a result that reports an error to the model."""
    return ToolResultContent(call_id=call.id, name=call.name, output=message, is_error=True)


def exception_result(call: ToolCallContent, error: Exception) -> ToolResultContent:
    return error_result(call, f"{call.name} failed: {type(error).__name__}: {error}")


def format_names(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
