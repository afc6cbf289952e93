"""Reads vendors' messages: tool calls and results, fields next to the content, items of OpenAI's Responses API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import ConfigurationError
from ..response.part_builders import read_arguments
from ..types.chat.message import Message
from ..types.content.parsing import MARKS, read_parts
from ..types.content.parts import ToolCallContent, ToolResultContent
from ..types.content.vendor_parts_by_key import (
    MESSAGE_FIELDS,
    VENDOR_FIELDS,
    VENDOR_PART,
    fields,
    generic,
    leftover,
    with_fields,
)
from ..types.model_base import model_fields
from ..wire import json

ROLES = ("tool", "function")
ID_FIELDS = ("tool_call_id", "call_id")
NAME_FIELDS = ("name", "tool_name")
KNOWN_FIELDS = {"role", "content", *ID_FIELDS, *NAME_FIELDS, *MARKS, "cache"}


def is_result(message: Mapping[str, Any]) -> bool:
    """Return whether a message is a single tool result in a vendor's format."""
    if message.get("role") not in ROLES:
        return False
    if any(name in message for name in (*ID_FIELDS, "tool_name")):
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
    unknown = sorted(name for name in message if name not in KNOWN_FIELDS and message[name] is not None)
    if unknown:
        raise ConfigurationError(
            f"unknown fields of a tool message: {', '.join(map(repr, unknown))}. "
            f"Valid fields: {', '.join(sorted(KNOWN_FIELDS))}."
        )
    call_id = next((message[name] for name in ID_FIELDS if message.get(name) is not None), "")
    name = next((message[name] for name in NAME_FIELDS if message.get(name) is not None), None)
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


CHAT_CALL = fields("id", "type", "index", function=fields("name", "arguments"))


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
    left = leftover(call, CHAT_CALL)
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
        extras={"type": "custom", VENDOR_PART: {"openai_chat": dict(call)}},
    )


Wire = dict[str, Any]
CHAT = (
    *("reasoning_content", "reasoning", "reasoning_details", "reasoning_text"),
    *("annotations", "audio", "prefix", "partial"),
)
OWNERS = {
    **dict.fromkeys(CHAT, "openai_chat"),
    **dict.fromkeys(("tool_plan", "citations"), "cohere"),
    "thinking": "ollama",
}
"""The protocol that has a field of an answer."""

READ_FIELDS = frozenset(("images", "refusal", *OWNERS))
EMPTY: tuple[Any, ...] = (None, "", [], {}, ())


def read_message_fields(message: Wire) -> list[Any]:
    """Take the fields that our messages have no place for out of a message.

    Args:
        message: The message as a dict; what is read is removed from it. Fields that no vendor has stay in it, and
            are refused.

    Returns:
        The parts that stand for them.
    """
    parts: list[Any] = []
    if isinstance(message.get("images"), list | tuple):
        pictures = message.pop("images")
        parts += [{"type": "image", "data": one} if isinstance(one, str) else one for one in pictures]
    for name in [name for name, value in message.items() if name in READ_FIELDS and value in EMPTY]:
        del message[name]
    if message.get("role") in ("assistant", "model"):
        parts += read_answer_fields(message)
    return Message(role="assistant", contents=parts).contents if parts else []


def read_answer_fields(message: Wire) -> list[Wire]:
    parts: list[Wire] = []
    if isinstance(message.get("refusal"), str):
        parts.append({"type": "refusal", "text": message.pop("refusal")})
    by_owner: dict[str, Wire] = {}
    for name in [name for name in message if name in OWNERS]:
        by_owner.setdefault(OWNERS[name], {})[name] = message.pop(name)
    return [*parts, *(generic(MESSAGE_FIELDS, fields, owner) for owner, fields in by_owner.items())]


def answer_only(given: Mapping[str, Any]) -> Wire:
    """A whole answer of Anthropic's without what is about the answer, such as its usage."""
    return {"role": given["role"], "content": given.get("content") or []}


PROTOCOL = "openai_responses"
FUNCTION_CALL = fields("type", "call_id", "name", "arguments")
OUTPUT = fields("type", "call_id", "output")
MODELS_OWN = frozenset(
    (
        *("reasoning", "web_search_call", "file_search_call", "computer_call", "code_interpreter_call"),
        *("image_generation_call", "local_shell_call", "shell_call", "apply_patch_call", "custom_tool_call"),
        *("mcp_call", "mcp_list_tools", "mcp_approval_request", "tool_search_call", "compaction", "program"),
    )
)
"""Items of a response that only the Responses API has."""

USERS_OWN = frozenset(
    (
        *("computer_call_output", "local_shell_call_output", "shell_call_output", "apply_patch_call_output"),
        *("custom_tool_call_output", "mcp_approval_response", "item_reference", "tool_search_output"),
        *("additional_tools", "configuration_update", "compaction_trigger", "program_output"),
    )
)
"""Items of the input that only the Responses API accepts."""

TYPES = frozenset(("message", "function_call", "function_call_output", *MODELS_OWN, *USERS_OWN))


CONTENT_TYPES = frozenset(
    (
        *("input_text", "input_image", "input_file", "input_audio", "output_text", "refusal", "text"),
        *("summary_text", "reasoning_text", "computer_screenshot"),
    )
)
"""Parts that a message of Responses may have."""


def is_item(given: Any) -> bool:
    """Return whether this is an item rather than a message in another form."""
    if not isinstance(given, Mapping) or given.get("type") not in TYPES:
        return False
    if given["type"] == "message":
        return not is_anthropic_message(given)
    return "role" not in given or given["type"] == "additional_tools"


def is_anthropic_message(given: Mapping[str, Any]) -> bool:
    """Whether this is a whole answer of Anthropic's, whose type is `message` too."""
    if given.get("role") != "assistant" or isinstance(given.get("content"), str):
        return False
    blocks = given.get("content") or ()
    return "stop_reason" in given or not all(
        isinstance(block, Mapping) and block.get("type") in CONTENT_TYPES for block in blocks
    )


def read_item(item: Mapping[str, Any]) -> Message:
    """Return one item as a message."""
    kind = str(item["type"])
    if kind == "message":
        return read_message_item(item)
    if kind == "function_call":
        call = parse_tool_call({"id": item.get("call_id"), "function": item})
        known = with_fields({}, leftover(item, FUNCTION_CALL), PROTOCOL)
        return Message(role="assistant", contents=[call.model_copy(update={"extras": known.get("extras", {})})])
    if kind == "function_call_output":
        output = item.get("output")
        parts = {"contents": read_parts(output)} if isinstance(output, list | tuple) else {"output": output}
        result = {"type": "tool_result", "call_id": item.get("call_id") or "", **parts}
        return Message(role="tool", contents=[with_fields(result, leftover(item, OUTPUT), PROTOCOL)])
    role = "assistant" if kind in MODELS_OWN else "user"
    return Message(role=role, contents=[generic(kind, item, PROTOCOL)])


def read_message_item(item: Mapping[str, Any]) -> Message:
    """Parse a message item. An item of a response is kept for the Responses API; other protocols get its text."""
    if item.get("role") != "assistant" or isinstance(item.get("content"), str):
        message_fields = {
            name: value for name, value in item.items() if name not in ("type", "status") and value is not None
        }
        return Message.model_validate(message_fields)
    blocks = [one for one in item.get("content") or () if isinstance(one, Mapping)]
    text = "".join(str(one.get("text") or one.get("refusal") or "") for one in blocks)
    part = {"type": "text", "text": text, "extras": {VENDOR_PART: {PROTOCOL: dict(item)}}}
    return Message(role="assistant", contents=[part])
