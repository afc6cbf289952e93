"""Responses: recorded requests as calls."""

from __future__ import annotations

from typing import Any

from dhenara.ai.types import Message, ToolChoice, ToolDefinition, ToolResultContent
from support.request_readers.call_reader import Body, CallReader, Inexpressible, own_tool, shape

KNOWN = {"model", "input", "instructions", "stream", "tools", "tool_choice", "reasoning", "text", "include"}


def read(body: Body, received: CallReader) -> None:
    if body.get("instructions"):
        received.instructions.append(body["instructions"])
    items = body["input"]
    read_items([{"role": "user", "content": items}] if isinstance(items, str) else items, received)
    received.hear(body, KNOWN)
    received.settings["streaming"] = bool(body.get("stream"))
    if body.get("tools") is not None:
        received.settings["tools"] = [read_tool(given) for given in body["tools"]]
    if body.get("tool_choice") is not None:
        read_choice(body["tool_choice"], received)
    read_reasoning(body.get("reasoning"), received)
    read_text(dict(body.get("text") or {}), received)
    if body.get("include"):
        received.options["include"] = body["include"]


def read_items(items: list[Body], received: CallReader) -> None:
    """Neighbouring items of the model are one answer."""
    provided: list[Body] = []
    for item in items:
        if spoken_by_the_model(item):
            provided.append(as_item(item))
            continue
        if provided:
            received.messages.append(received.answer({"output": provided, "status": "completed"}))
            provided = []
        received.messages.append(read_item(item))
    if provided:
        received.messages.append(received.answer({"output": provided, "status": "completed"}))


def spoken_by_the_model(item: Body) -> bool:
    return item.get("role") == "assistant" or ("role" not in item and not item["type"].endswith("_output"))


def as_item(item: Body) -> Body:
    """A turn in the short spelling as the item it stands for."""
    if item.get("role") == "assistant" and isinstance(item["content"], str):
        return {"type": "message", **item, "content": [{"type": "output_text", "text": item["content"]}]}
    return {"type": "message", **item} if "role" in item else item


def read_item(item: Body) -> Message:
    if "role" in item:
        if "content" not in item:
            raise Inexpressible(item["type"])
        role = "system" if item["role"] in ("system", "developer") else "user"
        return Message.model_validate({"role": role, "content": item["content"]})
    if item["type"] != "function_call_output":
        raise Inexpressible(item["type"])
    output = item["output"]
    if isinstance(output, list):
        contents = Message.model_validate({"role": "user", "content": output}).contents
        return Message(role="tool", contents=[ToolResultContent(call_id=item["call_id"], contents=contents)])  # type: ignore[arg-type]
    return Message(role="tool", contents=[ToolResultContent(call_id=item["call_id"], output=output)])


def read_tool(given: Body) -> Any:
    known = {"type", "name", "description", "parameters", "strict"}
    ours = given.get("type") == "function" and given.keys() <= known
    return ToolDefinition.model_validate(given) if ours else own_tool(given)


def read_choice(given: Any, received: CallReader) -> None:
    match given:
        case str():
            received.settings["tool_choice"] = given
        case {"type": "function", "name": name}:
            received.settings["tool_choice"] = ToolChoice(mode="required", names=(name,))
        case {"type": "allowed_tools", "mode": mode, "tools": tools}:
            received.settings["tool_choice"] = ToolChoice(mode=mode, names=tuple(tool["name"] for tool in tools))
        case _:
            received.options["tool_choice"] = given


def read_reasoning(given: Any, received: CallReader) -> None:
    match given:
        case {"effort": str(effort), **more} if more in ({}, {"summary": "auto"}, {"summary": None}):
            received.settings["reasoning_effort"] = effort
        case {}:
            if any(value is not None for value in given.values()):
                received.options["reasoning"] = given


def read_text(provided: Body, received: CallReader) -> None:
    form = provided.get("format") or {}
    if form.get("type") == "json_schema" and provided.keys() == {"format"}:
        about = {key: form.get(key) for key in ("name", "description", "strict")}
        received.settings["structured_output"] = shape(form["schema"], **about)
    elif provided:
        received.options["text"] = provided
