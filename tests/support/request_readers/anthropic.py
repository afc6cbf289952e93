"""Anthropic Messages: recorded requests as calls."""

from __future__ import annotations

from typing import Any

from dhenara.ai.types import Message, TextContent, ToolChoice, ToolDefinition, ToolResultContent
from support.request_readers.call_reader import Body, CallReader, Inexpressible, own_tool, shape

KNOWN = {"model", "messages", "system", "max_tokens", "stream", "tools", "tool_choice", "thinking", "output_config"}
FOREIGN = {"tool_reference", "container_upload", "tool_addition"}
MODES = {"any": "required", "auto": "auto", "none": "none"}


def read(body: Body, received: CallReader) -> None:
    if "system" in body:
        received.messages.append(Message(role="system", contents=texts(body["system"])))
    for message in body["messages"]:
        received.messages.append(read_message(message, received))
    received.hear(body, KNOWN | {"metadata"})
    received.settings["streaming"] = bool(body.get("stream"))
    received.settings["max_output_tokens"] = body["max_tokens"]
    if "metadata" in body:
        received.settings["metadata"] = body["metadata"]
    if "tools" in body:
        received.settings["tools"] = [read_tool(given) for given in body["tools"]]
    read_choice(body.get("tool_choice"), received)
    read_thinking(body.get("thinking"), received)
    read_output(body.get("output_config"), received)


def texts(given: Any) -> list[TextContent]:
    blocks = [{"type": "text", "text": given}] if isinstance(given, str) else given
    return [TextContent(text=block["text"], extras=marks(block)) for block in blocks]


def marks(block: Body) -> Body:
    return {"cache_control": block["cache_control"]} if block.get("cache_control") else {}


def read_message(message: Body, received: CallReader) -> Message:
    if message["role"] == "assistant":
        content = message["content"]
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        return received.answer({"type": "message", "content": blocks, "stop_reason": "end_turn"})
    return Message(role="user", contents=parts(message["content"]))


def parts(content: Any) -> list[Any]:
    if isinstance(content, str):
        return [TextContent(text=content)]
    return [part for block in content for part in read_part(block)]


def read_part(block: Body) -> list[Any]:
    if block["type"] == "tool_result":
        provided = block.get("content")
        inner = {"contents": parts(provided)} if isinstance(provided, list) else {"output": provided}
        about = {"call_id": block["tool_use_id"], "is_error": bool(block.get("is_error")), "extras": marks(block)}
        return [ToolResultContent.model_validate({**about, **inner})]
    if block["type"] in FOREIGN:
        raise Inexpressible(block["type"])
    extras = {key: block[key] for key in ("cache_control", "citations", "context") if block.get(key)}
    plain = {key: value for key, value in block.items() if key not in ("cache_control", "citations", "context")}
    (part,) = Message.model_validate({"role": "user", "content": [plain]}).contents
    return [part.model_copy(update={"extras": extras})]


def read_tool(given: Body) -> Any:
    """A tool with more to it than ours have is sent in the provider's own words."""
    known = {"name", "description", "input_schema", "strict"}
    ours = given.keys() <= known and "input_schema" in given
    return ToolDefinition.model_validate(given) if ours else own_tool(given)


def read_choice(given: Any, received: CallReader) -> None:
    if given is None:
        return
    if "disable_parallel_tool_use" in given:
        received.settings["parallel_tool_calls"] = not given["disable_parallel_tool_use"]
    if given["type"] == "tool":
        received.settings["tool_choice"] = ToolChoice(mode="required", names=(given["name"],))
    else:
        received.settings["tool_choice"] = MODES[given["type"]]


def read_thinking(given: Any, received: CallReader) -> None:
    """On the wire one limit holds for thinking and answer; ours are apart."""
    match given:
        case None:
            return
        case {"type": "enabled", "budget_tokens": budget}:
            received.settings["max_reasoning_tokens"] = budget
            received.separate_limit(budget)
        case {"type": "adaptive", **more} if not more:
            received.settings["reasoning"] = True
        case {"type": "disabled"}:
            received.settings["reasoning"] = False
        case _:
            received.options["thinking"] = given


def read_output(given: Any, received: CallReader) -> None:
    provided = dict(given or {})
    if provided.get("format", {}).get("type") == "json_schema":
        received.settings["structured_output"] = shape(provided.pop("format")["schema"])
    if "effort" in provided and received.settings.get("reasoning"):
        received.settings["reasoning_effort"] = provided.pop("effort")
    if provided:
        received.options["output_config"] = given
