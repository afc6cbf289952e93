"""Requests: encode a call as an Ollama chat body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...types.call import Call
from ...types.call_config import AIModelCallConfig
from ...types.structured import OutputMode, StructuredOutput
from ...types.tools import ToolDefinition
from ..base import EncodedRequest
from ..cache_control import warn_unsupported_cache
from ..context import warn_unsupported_context
from ..effort import dialect_effort
from ..parameters import write_parameters
from ..prepare_media import prepare_media
from ..structured_output import apply_output_mode, native_schema, output_mode, tool_schema
from ..tool_selection import select_tools, write_raw
from ..warnings import WarningCollector
from .context import context_for
from .messages import PROTOCOL, is_user_media, write_messages
from .quirks import OllamaQuirks

Wire = dict[str, Any]
# Top-level fields; all other options are model options.
OWN = frozenset(
    {"format", "options", "keep_alive", "think", "truncate", "shift", "logprobs", "top_logprobs", "template", "system"}
    | {"model", "messages", "stream", "tools", "raw"}
)


def write_request(call: Call, quirks: OllamaQuirks) -> EncodedRequest:
    """Encode the request, always with a context size; unsupported settings are recorded as warnings."""
    warnings = WarningCollector(str(call.endpoint.api.provider))
    mode, call = output_mode(call, quirks), apply_output_mode(call, quirks, warnings)
    call = prepare_media(call, quirks, PROTOCOL, warnings, is_user_media)
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
        # A prompt that does not fit is then an error instead of being truncated.
        body["truncate"] = False
    options: Wire = {"num_ctx": context_for(body, call, quirks)}
    settings = write_parameters(config, quirks, warnings)
    if settings.get("top_logprobs") is not None:
        settings.setdefault("logprobs", True)
    for text in (quirks.defaults, settings, call.endpoint.ai_model.parameters, config.options):
        place_settings(text, body, options)
    body["options"] = options
    warn_unsupported_cache(config, warnings, ())
    warn_unsupported_context(config, warnings)
    return warnings.build_request(quirks.path, body, stream_fields={"stream": config.streaming})


def place_settings(fields: Mapping[str, Any], body: Wire, options: Wire) -> None:
    """Put each setting at the top level or among the model options."""
    for name, value in fields.items():
        if name == "options" and isinstance(value, Mapping):
            options.update(value)
        elif name in OWN:
            body[name] = value
        else:
            options[name] = value


def write_thinking(config: AIModelCallConfig, quirks: OllamaQuirks, warnings: WarningCollector) -> Wire:
    if config.wants_reasoning is None:
        return {}
    if quirks.thinking == "levels":
        if not config.wants_reasoning:
            warnings.translated("reasoning", "this model cannot turn reasoning off; the lowest level is used")
        elif config.max_reasoning_tokens is not None:
            warnings.translated("max_reasoning_tokens", "the budget is converted to a level")
        return {"think": dialect_effort(config, quirks.levels, warnings)}
    if config.max_reasoning_tokens is not None:
        warnings.unsupported("max_reasoning_tokens", "reasoning can only be turned on or off")
    if config.wants_reasoning and config.reasoning_effort is not None:
        warnings.translated("reasoning_effort", "reasoning can only be turned on or off")
    return {"think": config.wants_reasoning}


def write_tools(config: AIModelCallConfig, quirks: OllamaQuirks, warnings: WarningCollector) -> Wire:
    """Encode the tools. Calls cannot be forced; named tools are chosen by sending no others."""
    choice = config.tool_choice
    if choice is not None and choice.mode == "none":
        return {}
    if choice is not None and choice.mode == "required" and config.tools:
        warnings.unsupported("tool_choice", "tool calls cannot be required; the model decides")
    shown = select_tools(config.tools, choice, warnings, one_by_name=False)
    own = [write_tool(tool, quirks, warnings) for tool in shown if isinstance(tool, ToolDefinition)]
    tools = own + write_raw(shown, warnings)
    return {"tools": tools} if tools else {}


def write_tool(tool: ToolDefinition, quirks: OllamaQuirks, warnings: WarningCollector) -> Wire:
    if tool.strict:
        warnings.unsupported("tools.strict")
    schema, _ = tool_schema(tool, quirks, warnings)
    function: Wire = {"name": tool.name, "parameters": schema}
    if tool.description is not None:
        function["description"] = tool.description
    return {"type": "function", "function": function}


def write_format(
    shape: StructuredOutput, mode: OutputMode | None, quirks: OllamaQuirks, warnings: WarningCollector
) -> Any:
    return "json" if mode == "prompt" else native_schema(shape, quirks, warnings)[0]
