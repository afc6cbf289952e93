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
from support.request_readers.call_reader import Body, CallReader, Inexpressible, own_tool, shape

KNOWN = {"messages", "system", "inferenceConfig", "toolConfig", "additionalModelRequestFields", "outputConfig"}
MEDIA = {"image": ImageContent, "video": VideoContent, "document": FileContent}

TYPES = {short: whole for whole, short in DOCUMENTS.items()}


def model(body: Body, path: str) -> str:
    actual = re.search(r"/model/([^/]+)/", path)
    assert actual
    return unquote(actual[1])


def read(body: Body, received: CallReader) -> None:
    if body.get("system"):
        received.messages.append(Message(role="system", contents=parts(body["system"])))
    for message in body["messages"]:
        received.messages.append(read_message(message, received))
    received.hear(body.get("inferenceConfig") or {}, ())
    received.options.update({key: value for key, value in body.items() if key not in KNOWN})
    read_tools(body.get("toolConfig"), received)
    read_more(dict(body.get("additionalModelRequestFields") or {}), received)
    read_format(body.get("outputConfig"), received)


def read_message(message: Body, received: CallReader) -> Message:
    if message["role"] == "assistant":
        return received.answer({"output": {"message": message}, "stopReason": "end_turn"})
    return Message(role="user", contents=parts(message["content"]))


def parts(blocks: list[Body]) -> list[Any]:
    """A cache point is a mark on the part before it."""
    actual: list[Any] = []
    for block in blocks:
        if "cachePoint" in block:
            actual[-1] = actual[-1].model_copy(update={"extras": {"cache_point": block["cachePoint"]}})
        else:
            actual.append(read_part(block))
    return actual


def read_part(block: Body) -> Any:
    ((kind, provided),) = block.items()
    match kind:
        case "text":
            return TextContent(text=provided)
        case "toolResult":
            return read_result(provided)
        case "image" | "video" | "document":
            extras = {key: provided[key] for key in ("citations", "context") if key in provided}
            about = {
                "mime_type": TYPES.get(provided["format"]) or f"{mime(kind)}/{provided['format']}",
                "name": provided.get("name"),
                "extras": extras,
            }
            if "s3Location" in provided["source"]:
                return MEDIA[kind](url=provided["source"]["s3Location"]["uri"], **about)
            return MEDIA[kind](data=base64.b64decode(provided["source"]["bytes"]), **about)
    raise Inexpressible(kind)


def mime(kind: str) -> str:
    return "application" if kind == "document" else kind


def read_result(provided: Body) -> ToolResultContent:
    about: Body = {"call_id": provided["toolUseId"], "is_error": provided.get("status") == "error"}
    match provided["content"]:
        case [{"json": value}]:
            return ToolResultContent(**about, output=value)
        case [{"text": words}]:
            return ToolResultContent(**about, output=words)
        case [{"text": words}, *more]:
            return ToolResultContent(**about, output=words, contents=parts(more))
        case content:
            return ToolResultContent(**about, contents=parts(content))


def read_tools(given: Any, received: CallReader) -> None:
    if given is None:
        return
    received.settings["tools"] = [read_tool(tool) for tool in given["tools"]]
    match given.get("toolChoice"):
        case {"auto": _}:
            received.settings["tool_choice"] = "auto"
        case {"any": _}:
            received.settings["tool_choice"] = "required"
        case {"tool": {"name": name}}:
            received.settings["tool_choice"] = ToolChoice(mode="required", names=(name,))


def read_tool(given: Body) -> Any:
    spec = given.get("toolSpec")
    if spec is None:
        return own_tool(given)
    about = {key: spec[key] for key in ("name", "description", "strict") if key in spec}
    return ToolDefinition(**about, parameters=spec["inputSchema"]["json"])


def read_more(more: Body, received: CallReader) -> None:
    """What is only for the model behind Converse: its thinking, and options."""
    match received.quirks.reasoning, more:  # type: ignore[attr-defined]  # these are ConverseQuirks
        case "budget", {"thinking": {"type": "enabled", "budget_tokens": budget}}:
            received.settings["max_reasoning_tokens"] = budget
            if "max_output_tokens" in received.settings:
                received.settings["max_output_tokens"] -= budget
            del more["thinking"]
        case "adaptive", {"thinking": {"type": "adaptive", **rest}, "output_config": {"effort": effort}} if not rest:
            received.settings["reasoning_effort"] = effort
            del more["thinking"], more["output_config"]
        case "effort", {"reasoning_effort": effort}:
            received.settings["reasoning_effort"] = effort
            del more["reasoning_effort"]
    if more:
        received.options["additionalModelRequestFields"] = more


def read_format(given: Any, received: CallReader) -> None:
    import json

    if given is None:
        return
    provided = given["textFormat"]["structure"]["jsonSchema"]
    about = {key: provided.get(key) for key in ("name", "description")}
    received.settings["structured_output"] = shape(json.loads(provided["schema"]), **about)
