"""Requests: a call written as a body for Ollama's own chat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...types.call import Call
from ...types.call_config import AIModelCallConfig
from ...types.tools import ServerTool, ToolDefinition
from ..base import Outgoing
from ..context import unoffered
from ..effort import effort_for
from ..marks import unknown_to_cache
from ..parameters import write_parameters
from ..warnings import Warnings
from .context import context_for
from .messages import write_messages
from .quirks import OllamaQuirks

Wire = dict[str, Any]
# What stands beside the messages; all other options are the model's.
OWN = frozenset(
    {"format", "options", "keep_alive", "think", "truncate", "shift", "logprobs", "top_logprobs", "template", "system"}
    | {"model", "messages", "stream", "tools", "raw"}
)


def write_request(call: Call, quirks: OllamaQuirks) -> Outgoing:
    """The whole request; what Ollama cannot be told is in the warnings. The size of the context is always in it."""
    config, warnings = call.config, Warnings(str(call.endpoint.api.provider))
    body: Wire = {
        "model": call.endpoint.ai_model.model_name,
        "messages": write_messages(call, warnings),
        "stream": config.streaming,
    }
    body.update(write_tools(config, warnings))
    if config.structured_output is not None:
        body["format"] = config.structured_output.output_schema
    body.update(write_thinking(config, quirks, warnings))
    if config.strict:
        # A prompt that does not fit is then an error instead of a shorter prompt.
        body["truncate"] = False
    options: Wire = {"num_ctx": context_for(body, call, quirks)}
    settings = write_parameters(config, quirks, warnings)
    if settings.get("top_logprobs") is not None:
        settings.setdefault("logprobs", True)
    for said in (quirks.defaults, settings, call.endpoint.ai_model.parameters, config.options):
        place(said, body, options)
    body["options"] = options
    unknown_to_cache(config, warnings, ())
    unoffered(config, warnings)
    return warnings.outgoing(quirks.path, body)


def place(said: Mapping[str, Any], body: Wire, options: Wire) -> None:
    """Each setting where it belongs: beside the messages, or among the model's options."""
    for name, value in said.items():
        if name == "options" and isinstance(value, Mapping):
            options.update(value)
        elif name in OWN:
            body[name] = value
        else:
            options[name] = value


def write_thinking(config: AIModelCallConfig, quirks: OllamaQuirks, warnings: Warnings) -> Wire:
    if config.wants_reasoning is None:
        return {}
    if quirks.thinking == "levels":
        if not config.wants_reasoning:
            warnings.translated("reasoning", "this model cannot stop thinking; it was asked to think little")
        elif config.max_reasoning_tokens is not None:
            warnings.translated("max_reasoning_tokens", "a budget becomes a level")
        effort = effort_for(config)
        return {"think": quirks.levels.get(effort, effort)}
    if config.max_reasoning_tokens is not None:
        warnings.unsupported("max_reasoning_tokens", "thinking is only on or off there")
    if config.wants_reasoning and config.reasoning_effort is not None:
        warnings.translated("reasoning_effort", "thinking is only switched on or off")
    return {"think": config.wants_reasoning}


def write_tools(config: AIModelCallConfig, warnings: Warnings) -> Wire:
    """Calls cannot be forced; what may be called is chosen by what is offered."""
    choice = config.tool_choice
    if choice is not None and choice.mode == "none":
        return {}
    if choice is not None and choice.mode == "required" and config.tools:
        warnings.unsupported("tool_choice", "calls cannot be required there; the model decides")
    names = choice.names if choice is not None else ()
    offered: Sequence[ToolDefinition | ServerTool] = [
        tool for tool in config.tools if not names or (isinstance(tool, ToolDefinition) and tool.name in names)
    ]
    return {"tools": [write_tool(tool, warnings) for tool in offered]} if offered else {}


def write_tool(tool: ToolDefinition | ServerTool, warnings: Warnings) -> Wire:
    if isinstance(tool, ServerTool):
        return tool.spec
    if tool.strict:
        warnings.unsupported("tools.strict")
    function: Wire = {"name": tool.name, "parameters": tool.parameters}
    if tool.description is not None:
        function["description"] = tool.description
    return {"type": "function", "function": function}
