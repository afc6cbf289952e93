"""Responses: recorded requests as calls."""

from __future__ import annotations

from typing import Any

from dhenara.ai.types import Message, ToolChoice, ToolDefinition, ToolResultContent
from support.asked.heard import Body, Heard, Inexpressible, own_tool, shape

KNOWN = {"model", "input", "instructions", "stream", "tools", "tool_choice", "reasoning", "text", "include"}


def read(body: Body, heard: Heard) -> None:
    if body.get("instructions"):
        heard.instructions.append(body["instructions"])
    items = body["input"]
    read_items([{"role": "user", "content": items}] if isinstance(items, str) else items, heard)
    heard.hear(body, KNOWN)
    heard.settings["streaming"] = bool(body.get("stream"))
    if body.get("tools") is not None:
        heard.settings["tools"] = [read_tool(given) for given in body["tools"]]
    if body.get("tool_choice") is not None:
        read_choice(body["tool_choice"], heard)
    read_reasoning(body.get("reasoning"), heard)
    read_text(dict(body.get("text") or {}), heard)
    if body.get("include"):
        heard.options["include"] = body["include"]


def read_items(items: list[Body], heard: Heard) -> None:
    """Neighbouring items of the model are one answer."""
    said: list[Body] = []
    for item in items:
        if spoken_by_the_model(item):
            said.append(as_item(item))
            continue
        if said:
            heard.messages.append(heard.answer({"output": said, "status": "completed"}))
            said = []
        heard.messages.append(read_item(item))
    if said:
        heard.messages.append(heard.answer({"output": said, "status": "completed"}))


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


def read_choice(given: Any, heard: Heard) -> None:
    match given:
        case str():
            heard.settings["tool_choice"] = given
        case {"type": "function", "name": name}:
            heard.settings["tool_choice"] = ToolChoice(mode="required", names=(name,))
        case {"type": "allowed_tools", "mode": mode, "tools": tools}:
            heard.settings["tool_choice"] = ToolChoice(mode=mode, names=tuple(tool["name"] for tool in tools))
        case _:
            heard.options["tool_choice"] = given


def read_reasoning(given: Any, heard: Heard) -> None:
    match given:
        case {"effort": str(effort), **more} if more in ({}, {"summary": "auto"}, {"summary": None}):
            heard.settings["reasoning_effort"] = effort
        case {}:
            if any(value is not None for value in given.values()):
                heard.options["reasoning"] = given


def read_text(said: Body, heard: Heard) -> None:
    form = said.get("format") or {}
    if form.get("type") == "json_schema" and said.keys() == {"format"}:
        about = {key: form.get(key) for key in ("name", "description", "strict")}
        heard.settings["structured_output"] = shape(form["schema"], **about)
    elif said:
        heard.options["text"] = said
