"""Tool messages: results and calls as vendors write them in whole messages, read into content parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import ConfigurationError
from ..types.content import ToolResultContent
from ..types.message import Message
from ..types.vendor_formats import MARKS, read_parts

ROLES = ("tool", "function")
IDS = ("tool_call_id", "call_id")
NAMES = ("name", "tool_name")
KNOWN = {"role", "content", *IDS, *NAMES, *MARKS, "cache"}


def is_result(options: Mapping[str, Any]) -> bool:
    """Whether a message is one tool result, and not several in our own form."""
    if options.get("role") not in ROLES:
        return False
    if any(name in options for name in (*IDS, "tool_name")):
        return True
    content = options.get("content")
    parts = content if isinstance(content, list | tuple) else ()
    return "content" in options and not any(holds_result(part) for part in parts)


def holds_result(part: Any) -> bool:
    """Whether a part is a tool result itself, so that the message may hold several."""
    if isinstance(part, Mapping):
        return part.get("type") == "tool_result" or any(name in part for name in RESULT_KEYS)
    return isinstance(part, ToolResultContent)


RESULT_KEYS = ("functionResponse", "function_response", "toolResult")


def read_result(options: Mapping[str, Any]) -> Message:
    """The message of one result. Without an id, the result names its function, or follows its call.

    Raises:
        ConfigurationError: If the message has fields that no tool message has.
    """
    unknown = sorted(name for name in options if name not in KNOWN and options[name] is not None)
    if unknown:
        raise ConfigurationError(
            f"a tool message has no {', '.join(map(repr, unknown))}. Known are {', '.join(sorted(KNOWN))}."
        )
    call_id = next((options[name] for name in IDS if options.get(name) is not None), "")
    name = next((options[name] for name in NAMES if options.get(name) is not None), None)
    marks = {mark: options[mark] for mark in MARKS if options.get(mark) is not None}
    content = options.get("content")
    parts = read_parts(content) if is_parts(content) else []
    result = ToolResultContent(
        call_id=call_id,
        name=name,
        output=None if parts else content,
        contents=parts,
        extras=marks,
        cache=options.get("cache"),
    )
    return Message(role="tool", contents=[result])


def is_parts(content: Any) -> bool:
    """Whether these are typed parts, and not a JSON list that the tool returned."""
    if not isinstance(content, list | tuple) or not content:
        return False
    return all(isinstance(part.get("type"), str) if isinstance(part, Mapping) else not_json(part) for part in content)


def not_json(part: Any) -> bool:
    return not isinstance(part, str | int | float | list | tuple | type(None))
