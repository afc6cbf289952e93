"""generateContent: recorded requests as calls."""

from __future__ import annotations

import re
from typing import Any

from dhenara.ai.types import Message, ToolChoice, ToolDefinition, ToolResultContent
from support.asked.heard import Body, Heard, own_tool, shape

KNOWN = {"contents", "systemInstruction", "generationConfig", "tools", "toolConfig", "model"}
MODES = {"AUTO": "auto", "NONE": "none", "ANY": "required"}


def model(body: Body, path: str) -> str:
    found = re.search(r"/models/([^/:]+):", path)
    assert found
    return found[1]


def read(body: Body, heard: Heard) -> None:
    if "systemInstruction" in body:
        heard.instructions.append("".join(part["text"] for part in body["systemInstruction"]["parts"]))
    for content in body["contents"]:
        heard.messages.append(read_content(content, heard))
    heard.options.update({key: value for key, value in body.items() if key not in KNOWN})
    read_generation(dict(body.get("generationConfig") or {}), heard)
    heard.settings["tools"] = [tool for given in body.get("tools") or () for tool in read_tool(given)]
    read_choice(body.get("toolConfig"), heard)


def read_content(content: Body, heard: Heard) -> Message:
    if content.get("role") == "model":
        return heard.answer({"candidates": [{"content": content, "finishReason": "STOP"}]})
    return Message(role="user", contents=[part for given in content["parts"] for part in read_part(given)])


def read_part(given: Body) -> list[Any]:
    if "functionResponse" in given:
        said = given["functionResponse"]
        media = [part for one in said.get("parts") or () for part in read_part(one)]
        about = {"call_id": said.get("id") or said["name"], "name": said["name"], "contents": media}
        return [ToolResultContent.model_validate({**about, "output": said["response"]})]
    return Message.model_validate({"role": "user", "content": [given]}).contents


def read_generation(said: Body, heard: Heard) -> None:
    thinking = said.pop("thinkingConfig", None)
    if said.get("responseMimeType") == "application/json" and "responseJsonSchema" in said:
        said.pop("responseMimeType")
        heard.settings["structured_output"] = shape(said.pop("responseJsonSchema"))
    ours = {wire: name for name in heard.quirks.names if (wire := heard.quirks.wire_name(name))}
    more: Body = {}
    for key, value in said.items():
        if key in ours:
            heard.settings[ours[key]] = value
        else:
            more[key] = value
    if thinking is not None and not read_thinking(thinking, heard):
        more["thinkingConfig"] = thinking
    if more:
        heard.options["generationConfig"] = more


def read_thinking(given: Body, heard: Heard) -> bool:
    """Whether what was asked for is one of our settings."""
    match given:
        case {"thinkingBudget": 0, **more} if not more.get("includeThoughts"):
            heard.settings["reasoning"] = False
        case {"thinkingBudget": -1, "includeThoughts": True}:
            heard.settings["reasoning"] = True
        case {"thinkingBudget": budget, "includeThoughts": True}:
            heard.settings["max_reasoning_tokens"] = budget
        case {"thinkingLevel": level, "includeThoughts": True}:
            heard.settings["reasoning_effort"] = level.lower()
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
            found: Body = function[key]
            return found
    return None


def read_choice(given: Any, heard: Heard) -> None:
    said = dict(given or {})
    calling = said.pop("functionCallingConfig", None)
    if said:
        heard.options["toolConfig"] = said
    if calling is None:
        return
    names = tuple(calling.get("allowedFunctionNames") or ())
    if calling["mode"] not in MODES:
        heard.options["toolConfig"] = given
        return
    heard.settings["tool_choice"] = ToolChoice(mode=MODES[calling["mode"]], names=names)  # type: ignore[arg-type]
