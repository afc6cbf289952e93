"""Bedrock Converse: recorded requests as calls."""

from __future__ import annotations

import base64
import re
from typing import Any
from urllib.parse import unquote

from dhenara.ai.codecs.converse.messages import DOCUMENTS
from dhenara.ai.types import (
    FileContent,
    ImageContent,
    Message,
    TextContent,
    ToolChoice,
    ToolDefinition,
    ToolResultContent,
    VideoContent,
)
from support.asked.heard import Body, Heard, Inexpressible, own_tool, shape

KNOWN = {"messages", "system", "inferenceConfig", "toolConfig", "additionalModelRequestFields", "outputConfig"}
MEDIA = {"image": ImageContent, "video": VideoContent, "document": FileContent}

TYPES = {short: whole for whole, short in DOCUMENTS.items()}


def model(body: Body, path: str) -> str:
    found = re.search(r"/model/([^/]+)/", path)
    assert found
    return unquote(found[1])


def read(body: Body, heard: Heard) -> None:
    if body.get("system"):
        heard.messages.append(Message(role="system", contents=parts(body["system"])))
    for message in body["messages"]:
        heard.messages.append(read_message(message, heard))
    heard.hear(body.get("inferenceConfig") or {}, ())
    heard.options.update({key: value for key, value in body.items() if key not in KNOWN})
    read_tools(body.get("toolConfig"), heard)
    read_more(dict(body.get("additionalModelRequestFields") or {}), heard)
    read_format(body.get("outputConfig"), heard)


def read_message(message: Body, heard: Heard) -> Message:
    if message["role"] == "assistant":
        return heard.answer({"output": {"message": message}, "stopReason": "end_turn"})
    return Message(role="user", contents=parts(message["content"]))


def parts(blocks: list[Body]) -> list[Any]:
    """A cache point is a mark on the part before it."""
    found: list[Any] = []
    for block in blocks:
        if "cachePoint" in block:
            found[-1] = found[-1].model_copy(update={"extras": {"cache_point": block["cachePoint"]}})
        else:
            found.append(read_part(block))
    return found


def read_part(block: Body) -> Any:
    ((kind, said),) = block.items()
    match kind:
        case "text":
            return TextContent(text=said)
        case "toolResult":
            return read_result(said)
        case "image" | "video" | "document":
            extras = {key: said[key] for key in ("citations", "context") if key in said}
            about = {
                "mime_type": TYPES.get(said["format"]) or f"{mime(kind)}/{said['format']}",
                "name": said.get("name"),
                "extras": extras,
            }
            if "s3Location" in said["source"]:
                return MEDIA[kind](url=said["source"]["s3Location"]["uri"], **about)
            return MEDIA[kind](data=base64.b64decode(said["source"]["bytes"]), **about)
    raise Inexpressible(kind)


def mime(kind: str) -> str:
    return "application" if kind == "document" else kind


def read_result(said: Body) -> ToolResultContent:
    about: Body = {"call_id": said["toolUseId"], "is_error": said.get("status") == "error"}
    match said["content"]:
        case [{"json": value}]:
            return ToolResultContent(**about, output=value)
        case [{"text": words}]:
            return ToolResultContent(**about, output=words)
        case [{"text": words}, *more]:
            return ToolResultContent(**about, output=words, contents=parts(more))
        case content:
            return ToolResultContent(**about, contents=parts(content))


def read_tools(given: Any, heard: Heard) -> None:
    if given is None:
        return
    heard.settings["tools"] = [read_tool(tool) for tool in given["tools"]]
    match given.get("toolChoice"):
        case {"auto": _}:
            heard.settings["tool_choice"] = "auto"
        case {"any": _}:
            heard.settings["tool_choice"] = "required"
        case {"tool": {"name": name}}:
            heard.settings["tool_choice"] = ToolChoice(mode="required", names=(name,))


def read_tool(given: Body) -> Any:
    spec = given.get("toolSpec")
    if spec is None:
        return own_tool(given)
    about = {key: spec[key] for key in ("name", "description", "strict") if key in spec}
    return ToolDefinition(**about, parameters=spec["inputSchema"]["json"])


def read_more(more: Body, heard: Heard) -> None:
    """What is only for the model behind Converse: its thinking, and options."""
    match heard.quirks.reasoning, more:  # type: ignore[attr-defined]  # these are ConverseQuirks
        case "budget", {"thinking": {"type": "enabled", "budget_tokens": budget}}:
            heard.settings["max_reasoning_tokens"] = budget
            if "max_output_tokens" in heard.settings:
                heard.settings["max_output_tokens"] -= budget
            del more["thinking"]
        case "adaptive", {"thinking": {"type": "adaptive", **rest}, "output_config": {"effort": effort}} if not rest:
            heard.settings["reasoning_effort"] = effort
            del more["thinking"], more["output_config"]
        case "effort", {"reasoning_effort": effort}:
            heard.settings["reasoning_effort"] = effort
            del more["reasoning_effort"]
    if more:
        heard.options["additionalModelRequestFields"] = more


def read_format(given: Any, heard: Heard) -> None:
    import json

    if given is None:
        return
    said = given["textFormat"]["structure"]["jsonSchema"]
    about = {key: said.get(key) for key in ("name", "description")}
    heard.settings["structured_output"] = shape(json.loads(said["schema"]), **about)
