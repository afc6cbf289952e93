"""Reads items of OpenAI's Responses API into messages.

An item is a message, a call or a result by itself. Consecutive items of the same role become one message, so that
parallel calls stay together. Items that only the Responses API knows are sent back to it unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..types.message import Message
from ..types.vendor_fields import VENDOR_PART, fields, generic, leftover, with_fields
from ..types.vendor_formats import read_parts
from .tool_messages import parse_tool_call

Wire = dict[str, Any]
PROTOCOL = "openai_responses"
CALL = fields("type", "call_id", "name", "arguments")
OUTPUT = fields("type", "call_id", "output")
MODELS_OWN = frozenset(
    (
        *("reasoning", "web_search_call", "file_search_call", "computer_call", "code_interpreter_call"),
        *("image_generation_call", "local_shell_call", "shell_call", "apply_patch_call", "custom_tool_call"),
        *("mcp_call", "mcp_list_tools", "mcp_approval_request", "tool_search_call", "compaction", "program"),
    )
)
"""Items of a response that only the Responses API understands."""

USERS_OWN = frozenset(
    (
        *("computer_call_output", "local_shell_call_output", "shell_call_output", "apply_patch_call_output"),
        *("custom_tool_call_output", "mcp_approval_response", "item_reference", "tool_search_output"),
        *("additional_tools", "configuration_update", "compaction_trigger", "program_output"),
    )
)
"""Items of the input that only the Responses API understands."""

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
        known = with_fields({}, leftover(item, CALL), PROTOCOL)
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
