"""Requests: a call written as a Chat Completions body."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...types.call import Call
from ...types.call_config import AIModelCallConfig
from ...types.tools import ServerTool, ToolChoice, ToolDefinition
from ..base import Outgoing
from ..context import unoffered
from ..marks import BREAKPOINT, unknown_to_cache
from ..parameters import write_parameters
from ..warnings import Warnings
from .messages import write_messages
from .quirks import ChatQuirks
from .reasoning import write_reasoning

STREAM_OPTIONS = {"include_usage": True}


def write_request(call: Call, quirks: ChatQuirks) -> Outgoing:
    """The whole request; what the dialect cannot say is in the warnings."""
    config, warnings = call.config, Warnings(str(call.endpoint.api.provider))
    body: dict[str, Any] = {
        "model": call.endpoint.ai_model.model_name,
        "messages": write_messages(call, quirks, warnings),
    }
    body.update(quirks.defaults)
    body.update(write_settings(config, quirks, warnings))
    body.update(write_reasoning(config, quirks, warnings))
    body.update(write_tools(config, quirks, warnings))
    body.update(write_format(config, quirks, warnings))
    body.update(write_cache(config, quirks, warnings))
    unoffered(config, warnings)
    if config.streaming:
        body["stream"] = True
        if quirks.stream_usage == "option":
            body["stream_options"] = STREAM_OPTIONS
    body.update(call.endpoint.ai_model.parameters)
    body.update(config.options)
    return warnings.outgoing(quirks.path, body)


def write_settings(config: AIModelCallConfig, quirks: ChatQuirks, warnings: Warnings) -> dict[str, Any]:
    written = write_parameters(config, quirks, warnings)
    if "top_logprobs" in written:
        written.setdefault("logprobs", True)
    return written


def write_cache(config: AIModelCallConfig, quirks: ChatQuirks, warnings: Warnings) -> dict[str, Any]:
    unknown_to_cache(config, warnings, ("key",) if quirks.cache_key else ())
    cache = config.prompt_cache
    if cache is None or not quirks.cache_key:
        return {}
    written: dict[str, Any] = {} if cache.key is None else {"prompt_cache_key": cache.key}
    if cache.lifetime == "long":
        newer = quirks.cache_mark == BREAKPOINT
        written |= {"prompt_cache_options": {"ttl": "12h"}} if newer else {"prompt_cache_retention": "24h"}
    return written


def write_tools(config: AIModelCallConfig, quirks: ChatQuirks, warnings: Warnings) -> dict[str, Any]:
    if not config.tools:
        return {}
    chosen = offered(config.tools, config.tool_choice, quirks)
    written: dict[str, Any] = {"tools": [write_tool(tool, quirks, warnings) for tool in chosen]}
    if config.tool_choice is not None:
        written.update(write_tool_choice(config.tool_choice, quirks, warnings))
    return written


def offered(
    tools: Sequence[ToolDefinition | ServerTool],
    choice: ToolChoice | None,
    quirks: ChatQuirks,
) -> Sequence[ToolDefinition | ServerTool]:
    """A subset of tools, or a named one where names cannot be said, is chosen by offering no others."""
    if choice is None or not choice.names or (len(choice.names) == 1 and quirks.named_tool_choice):
        return tools
    return [tool for tool in tools if isinstance(tool, ToolDefinition) and tool.name in choice.names]


def write_tool(tool: ToolDefinition | ServerTool, quirks: ChatQuirks, warnings: Warnings) -> dict[str, Any]:
    if isinstance(tool, ServerTool):
        return tool.spec
    function: dict[str, Any] = {"name": tool.name, "parameters": tool.parameters}
    if tool.description is not None:
        function["description"] = tool.description
    if tool.strict is not None and quirks.strict_tools:
        function["strict"] = tool.strict
    elif tool.strict:
        warnings.unsupported("tools.strict")
    return {"type": "function", "function": function}


def write_tool_choice(choice: ToolChoice, quirks: ChatQuirks, warnings: Warnings) -> dict[str, Any]:
    if len(choice.names) == 1 and choice.mode == "required" and quirks.named_tool_choice:
        return {"tool_choice": {"type": "function", "function": {"name": choice.names[0]}}}
    word = quirks.tool_choice_words.get(choice.mode, choice.mode)
    if word is None:
        warnings.unsupported("tool_choice", f"{choice.mode!r} is not offered; the model decides")
        return {}
    return {"tool_choice": word}


def write_format(config: AIModelCallConfig, quirks: ChatQuirks, warnings: Warnings) -> dict[str, Any]:
    shape = config.structured_output
    if shape is None:
        return {}
    if quirks.json_mode == "none":
        warnings.unsupported("structured_output")
        return {}
    if quirks.json_mode == "object":
        warnings.translated("structured_output", "only JSON as such can be asked for, not this schema")
        return {"response_format": {"type": "json_object"}}
    described: dict[str, Any] = {"name": shape.name, "schema": shape.output_schema}
    if shape.description is not None:
        described["description"] = shape.description
    if shape.strict is not None:
        described["strict"] = shape.strict
    return {"response_format": {"type": "json_schema", "json_schema": described}}
