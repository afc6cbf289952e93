"""generateContent: recorded requests as calls."""

from __future__ import annotations

import re
from typing import Any

from dhenara.ai.types import Message, ToolChoice, ToolDefinition, ToolResultContent
from support.request_readers.call_reader import Body, CallReader, own_tool, shape

KNOWN = {"contents", "systemInstruction", "generationConfig", "tools", "toolConfig", "model"}
MODES = {"AUTO": "auto", "NONE": "none", "ANY": "required"}


def model(body: Body, path: str) -> str:
    actual = re.search(r"/models/([^/:]+):", path)
    assert actual
    return actual[1]


def read(body: Body, received: CallReader) -> None:
    if "systemInstruction" in body:
        received.instructions.append("".join(part["text"] for part in body["systemInstruction"]["parts"]))
    for content in body["contents"]:
        received.messages.append(read_content(content, received))
    received.options.update({key: value for key, value in body.items() if key not in KNOWN})
    read_generation(dict(body.get("generationConfig") or {}), received)
    received.settings["tools"] = [tool for given in body.get("tools") or () for tool in read_tool(given)]
    read_choice(body.get("toolConfig"), received)


def read_content(content: Body, received: CallReader) -> Message:
    if content.get("role") == "model":
        return received.answer({"candidates": [{"content": content, "finishReason": "STOP"}]})
    return Message(role="user", contents=[part for given in content["parts"] for part in read_part(given)])


def read_part(given: Body) -> list[Any]:
    if "functionResponse" in given:
        provided = given["functionResponse"]
        media = [part for one in provided.get("parts") or () for part in read_part(one)]
        about = {"call_id": provided.get("id") or provided["name"], "name": provided["name"], "contents": media}
        return [ToolResultContent.model_validate({**about, "output": provided["response"]})]
    return Message.model_validate({"role": "user", "content": [given]}).contents


def read_generation(provided: Body, received: CallReader) -> None:
    thinking = provided.pop("thinkingConfig", None)
    if provided.get("responseMimeType") == "application/json" and "responseJsonSchema" in provided:
        provided.pop("responseMimeType")
        received.settings["structured_output"] = shape(provided.pop("responseJsonSchema"))
    ours = {wire: name for name in received.quirks.names if (wire := received.quirks.wire_name(name))}
    more: Body = {}
    for key, value in provided.items():
        if key in ours:
            received.settings[ours[key]] = value
        else:
            more[key] = value
    if thinking is not None and not read_thinking(thinking, received):
        more["thinkingConfig"] = thinking
    if more:
        received.options["generationConfig"] = more


def read_thinking(given: Body, received: CallReader) -> bool:
    """Whether what was asked for is one of our settings."""
    match given:
        case {"thinkingBudget": 0, **more} if not more.get("includeThoughts"):
            received.settings["reasoning"] = False
        case {"thinkingBudget": -1, "includeThoughts": True}:
            received.settings["reasoning"] = True
        case {"thinkingBudget": budget, "includeThoughts": True}:
            received.settings["max_reasoning_tokens"] = budget
            received.separate_limit(budget)
        case {"thinkingLevel": level, "includeThoughts": True}:
            received.settings["reasoning_effort"] = level.lower()
        case _:
            return False
    return True


def read_tool(given: Body) -> list[Any]:
    functions = given.get("functionDeclarations")
    if functions is None or not all(plain(function) for function in functions):
        return [own_tool(given)]
    return [
        ToolDefinition.model_validate(
            {
                "name": function["name"],
                "description": function.get("description"),
                **({"parameters": schema} if (schema := schema_of(function)) else {}),
            }
        )
        for function in functions
    ]


def plain(function: Body) -> bool:
    return function.keys() <= {"name", "description", "parameters", "parametersJsonSchema"}


def schema_of(function: Body) -> Body | None:
    for key in ("parametersJsonSchema", "parameters"):
        if function.get(key):
            actual: Body = function[key]
            return actual
    return None


def read_choice(given: Any, received: CallReader) -> None:
    provided = dict(given or {})
    calling = provided.pop("functionCallingConfig", None)
    if provided:
        received.options["toolConfig"] = provided
    if calling is None:
        return
    names = tuple(calling.get("allowedFunctionNames") or ())
    if calling["mode"] not in MODES:
        received.options["toolConfig"] = given
        return
    received.settings["tool_choice"] = ToolChoice(mode=MODES[calling["mode"]], names=names)  # type: ignore[arg-type]
