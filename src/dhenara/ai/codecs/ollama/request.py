"""Requests: a call written as a body for Ollama's own chat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...types.call import Call
from ...types.call_config import AIModelCallConfig
from ...types.structured import OutputMode, StructuredOutput
from ...types.tools import ToolDefinition
from ..base import Outgoing
from ..context import unoffered
from ..effort import spoken_effort
from ..marks import unknown_to_cache
from ..offering import offered, write_raw
from ..packing import packed
from ..parameters import write_parameters
from ..shaping import native_schema, output_mode, tool_schema, with_shape
from ..warnings import Warnings
from .context import context_for
from .messages import PROTOCOL, shown_by_user, write_messages
from .quirks import OllamaQuirks

Wire = dict[str, Any]
# What stands beside the messages; all other options are the model's.
OWN = frozenset(
    {"format", "options", "keep_alive", "think", "truncate", "shift", "logprobs", "top_logprobs", "template", "system"}
    | {"model", "messages", "stream", "tools", "raw"}
)


def write_request(call: Call, quirks: OllamaQuirks) -> Outgoing:
    """The whole request; what Ollama cannot be told is in the warnings. The size of the context is always in it."""
    warnings = Warnings(str(call.endpoint.api.provider))
    mode, call = output_mode(call, quirks), with_shape(call, quirks, warnings)
    call = packed(call, quirks, PROTOCOL, warnings, shown_by_user)
    config = call.config
    body: Wire = {
        "model": call.endpoint.ai_model.model_name,
        "messages": write_messages(call, warnings),
        "stream": config.streaming,
    }
    body.update(write_tools(config, quirks, warnings))
    if config.structured_output is not None and mode != "tool":
        body["format"] = write_format(config.structured_output, mode, quirks, warnings)
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
    return warnings.outgoing(quirks.path, body, stream_fields={"stream": config.streaming})


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
        return {"think": spoken_effort(config, quirks.levels, warnings)}
    if config.max_reasoning_tokens is not None:
        warnings.unsupported("max_reasoning_tokens", "thinking is only on or off there")
    if config.wants_reasoning and config.reasoning_effort is not None:
        warnings.translated("reasoning_effort", "thinking is only switched on or off")
    return {"think": config.wants_reasoning}


def write_tools(config: AIModelCallConfig, quirks: OllamaQuirks, warnings: Warnings) -> Wire:
    """Calls cannot be forced; what may be called is chosen by what is offered."""
    choice = config.tool_choice
    if choice is not None and choice.mode == "none":
        return {}
    if choice is not None and choice.mode == "required" and config.tools:
        warnings.unsupported("tool_choice", "calls cannot be required there; the model decides")
    shown = offered(config.tools, choice, warnings, one_by_name=False)
    own = [write_tool(tool, quirks, warnings) for tool in shown if isinstance(tool, ToolDefinition)]
    tools = own + write_raw(shown, warnings)
    return {"tools": tools} if tools else {}


def write_tool(tool: ToolDefinition, quirks: OllamaQuirks, warnings: Warnings) -> Wire:
    if tool.strict:
        warnings.unsupported("tools.strict")
    schema, _ = tool_schema(tool, quirks, warnings)
    function: Wire = {"name": tool.name, "parameters": schema}
    if tool.description is not None:
        function["description"] = tool.description
    return {"type": "function", "function": function}


def write_format(shape: StructuredOutput, mode: OutputMode | None, quirks: OllamaQuirks, warnings: Warnings) -> Any:
    return "json" if mode == "prompt" else native_schema(shape, quirks, warnings)[0]
