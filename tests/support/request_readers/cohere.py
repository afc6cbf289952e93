"""Cohere v2: recorded requests as calls."""

from __future__ import annotations

from dhenara.ai.types import Message, ToolChoice, ToolResultContent
from support.request_readers.call_reader import Body, CallReader, shape, tool

KNOWN = {"model", "messages", "stream", "tools", "tool_choice", "thinking", "response_format", "strict_tools"}


def read(body: Body, received: CallReader) -> None:
    for message in body["messages"]:
        received.messages.append(read_message(message, received))
    received.hear(body, KNOWN)
    received.settings["streaming"] = bool(body.get("stream"))
    received.settings["tools"] = [tool(given) for given in body.get("tools") or ()]
    if body.get("tool_choice"):
        received.settings["tool_choice"] = ToolChoice(mode=body["tool_choice"].lower())
    match body.get("thinking"):
        case {"type": "enabled", "token_budget": budget}:
            received.settings["max_reasoning_tokens"] = budget
            received.separate_limit(budget)
        case {"type": word}:
            received.settings["reasoning"] = word == "enabled"
    match body.get("response_format"):
        case {"type": "json_object", "json_schema": schema}:
            received.settings["structured_output"] = shape(schema)
        case {} as other:
            received.options["response_format"] = other


def read_message(message: Body, received: CallReader) -> Message:
    match message["role"]:
        case "assistant":
            content = message.get("content")
            blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
            return received.answer({"message": {**message, "content": blocks}, "finish_reason": "COMPLETE"})
        case "tool":
            result = ToolResultContent(call_id=message["tool_call_id"], output=message["content"])
            return Message(role="tool", contents=[result])
        case role:
            return Message.model_validate({"role": role, "content": message["content"]})
