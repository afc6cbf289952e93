"""Cohere v2: recorded requests as calls."""

from __future__ import annotations

from dhenara.ai.types import Message, ToolChoice, ToolResultContent
from support.asked.heard import Body, Heard, shape, tool

KNOWN = {"model", "messages", "stream", "tools", "tool_choice", "thinking", "response_format", "strict_tools"}


def read(body: Body, heard: Heard) -> None:
    for message in body["messages"]:
        heard.messages.append(read_message(message, heard))
    heard.hear(body, KNOWN)
    heard.settings["streaming"] = bool(body.get("stream"))
    heard.settings["tools"] = [tool(given) for given in body.get("tools") or ()]
    if body.get("tool_choice"):
        heard.settings["tool_choice"] = ToolChoice(mode=body["tool_choice"].lower())
    match body.get("thinking"):
        case {"type": "enabled", "token_budget": budget}:
            heard.settings["max_reasoning_tokens"] = budget
        case {"type": word}:
            heard.settings["reasoning"] = word == "enabled"
    match body.get("response_format"):
        case {"type": "json_object", "json_schema": schema}:
            heard.settings["structured_output"] = shape(schema)
        case {} as other:
            heard.options["response_format"] = other


def read_message(message: Body, heard: Heard) -> Message:
    match message["role"]:
        case "assistant":
            content = message.get("content")
            blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
            return heard.answer({"message": {**message, "content": blocks}, "finish_reason": "COMPLETE"})
        case "tool":
            result = ToolResultContent(call_id=message["tool_call_id"], output=message["content"])
            return Message(role="tool", contents=[result])
        case role:
            return Message.model_validate({"role": role, "content": message["content"]})
