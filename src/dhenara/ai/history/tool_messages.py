"""Reads tool results and calls in vendors' message formats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import ConfigurationError
from ..response.tool_part_builders import read_arguments
from ..types.content import ToolCallContent, ToolResultContent
from ..types.message import Message
from ..types.model_base import model_fields
from ..types.vendor_fields import VENDOR_FIELDS, VENDOR_PART, fields, leftover
from ..types.vendor_formats import MARKS, read_parts
from ..wire import json

ROLES = ("tool", "function")
IDS = ("tool_call_id", "call_id")
NAMES = ("name", "tool_name")
KNOWN = {"role", "content", *IDS, *NAMES, *MARKS, "cache"}


def is_result(message: Mapping[str, Any]) -> bool:
    """Return whether a message is a single tool result in a vendor's format."""
    if message.get("role") not in ROLES:
        return False
    if any(name in message for name in (*IDS, "tool_name")):
        return True
    content = message.get("content")
    parts = content if isinstance(content, list | tuple) else ()
    return "content" in message and not any(holds_result(part) for part in parts)


def holds_result(part: Any) -> bool:
    """Return whether a part is a tool result itself."""
    if isinstance(part, Mapping):
        return part.get("type") == "tool_result" or any(name in part for name in RESULT_KEYS)
    return isinstance(part, ToolResultContent)


RESULT_KEYS = ("functionResponse", "function_response", "toolResult")


def read_result(message: Mapping[str, Any]) -> Message:
    """Return the message of one result; without an id, the result is matched by function name or order.

    Raises:
        ConfigurationError: If the message has unknown fields.
    """
    unknown = sorted(name for name in message if name not in KNOWN and message[name] is not None)
    if unknown:
        raise ConfigurationError(
            f"unknown fields of a tool message: {', '.join(map(repr, unknown))}. "
            f"Valid fields: {', '.join(sorted(KNOWN))}."
        )
    call_id = next((message[name] for name in IDS if message.get(name) is not None), "")
    name = next((message[name] for name in NAMES if message.get(name) is not None), None)
    marks = {mark: message[mark] for mark in MARKS if message.get(mark) is not None}
    content = message.get("content")
    parts = read_parts(content) if is_parts(content) else []
    result = ToolResultContent(
        call_id=call_id,
        name=name,
        output=None if parts else content,
        contents=parts,
        extras=marks,
        cache=message.get("cache"),
    )
    return Message(role="tool", contents=[result])


def is_parts(content: Any) -> bool:
    """Return whether these are typed parts, rather than a JSON list that a tool returned."""
    if not isinstance(content, list | tuple) or not content:
        return False
    return all(isinstance(part.get("type"), str) if isinstance(part, Mapping) else not_json(part) for part in content)


def not_json(part: Any) -> bool:
    return not isinstance(part, str | int | float | list | tuple | type(None))


CALL = fields("id", "type", "index", function=fields("name", "arguments"))


def parse_tool_call(call: Any) -> ToolCallContent:
    """A tool call as Chat Completions writes it.

    Raises:
        ConfigurationError: If the call is of a type without a function.
    """
    call = model_fields(call) or call
    if isinstance(call.get("custom"), Mapping):
        return parse_custom_call(call, call["custom"])
    function = call.get("function") or {}
    if not function and call.get("type") not in (None, "function"):
        raise ConfigurationError(
            f"a tool call of type {call['type']!r} cannot be read: it has no `function` with a name and arguments."
        )
    text = function.get("arguments") or ""
    arguments_json = json.dumps(text).decode() if isinstance(text, Mapping) else text
    arguments, problem = read_arguments(arguments_json)
    left = leftover(call, CALL)
    extras = {VENDOR_FIELDS: {"openai_chat": left}} if left else {}
    return ToolCallContent(
        id=call.get("id") or "",
        name=function.get("name") or "",
        arguments=arguments,
        arguments_text=arguments_json,
        error=problem,
        extras=extras,
    )


def parse_custom_call(call: Mapping[str, Any], custom: Mapping[str, Any]) -> ToolCallContent:
    """The call of a custom tool, which takes text. Other protocols than its own get the text as an argument."""
    return ToolCallContent(
        id=call.get("id") or "",
        name=custom.get("name") or "",
        arguments={"input": custom.get("input") or ""},
        extras={VENDOR_PART: {"openai_chat": dict(call)}},
    )
