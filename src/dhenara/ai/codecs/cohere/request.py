"""Requests: a call written as a Cohere v2 body."""

from __future__ import annotations

from typing import Any

from ...types.call import Call
from ...types.call_config import AIModelCallConfig
from ...types.tools import ServerTool, ToolChoice, ToolDefinition
from ..base import Outgoing
from ..context import unoffered
from ..effort import budget_for
from ..marks import unknown_to_cache, unmarked
from ..parameters import write_parameters
from ..warnings import Warnings
from .messages import write_messages
from .quirks import CohereQuirks

Wire = dict[str, Any]


def write_request(call: Call, quirks: CohereQuirks) -> Outgoing:
    """The whole request; what Cohere cannot be told is in the warnings."""
    config, warnings = call.config, Warnings(str(call.endpoint.api.provider))
    body: Wire = {
        "model": call.endpoint.ai_model.model_name,
        "messages": write_messages(call, warnings),
        "stream": config.streaming,
    }
    unknown_to_cache(config, warnings, ())
    unmarked((part for message in call.messages for part in message.contents), warnings)
    unoffered(config, warnings)
    body.update(quirks.defaults)
    body.update(write_parameters(config, quirks, warnings))
    body.update(write_thinking(config))
    body.update(write_tools(config, warnings))
    if config.structured_output is not None:
        body["response_format"] = {"type": "json_object", "json_schema": config.structured_output.output_schema}
    body.update(call.endpoint.ai_model.parameters)
    body.update(config.options)
    return warnings.outgoing(quirks.path, body)


def write_thinking(config: AIModelCallConfig) -> Wire:
    if config.wants_reasoning is None:
        return {}
    if not config.wants_reasoning:
        return {"thinking": {"type": "disabled"}}
    budget = budget_for(config)
    return {"thinking": {"type": "enabled", **({"token_budget": budget} if budget else {})}}


def write_tools(config: AIModelCallConfig, warnings: Warnings) -> Wire:
    """Only "required" and "none" can be said; names are chosen by offering no others."""
    choice = config.tool_choice
    offered = [tool for tool in config.tools if choice is None or not choice.names or named(tool, choice)]
    if not offered:
        return {}
    written: Wire = {"tools": [write_tool(tool) for tool in offered]}
    if choice is not None and choice.mode != "auto":
        written["tool_choice"] = choice.mode.upper()
    if any(isinstance(tool, ToolDefinition) and tool.strict for tool in offered):
        written["strict_tools"] = True
    return written


def named(tool: ToolDefinition | ServerTool, choice: ToolChoice) -> bool:
    return isinstance(tool, ToolDefinition) and tool.name in choice.names


def write_tool(tool: ToolDefinition | ServerTool) -> Wire:
    if isinstance(tool, ServerTool):
        return tool.spec
    function: Wire = {"name": tool.name, "parameters": tool.parameters}
    if tool.description is not None:
        function["description"] = tool.description
    return {"type": "function", "function": function}
