"""Requests: a call written as a Messages body."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from ...types.call import Call
from ...types.call_config import AIModelCallConfig
from ...types.tools import ServerTool, ToolChoice, ToolDefinition
from ..base import Outgoing
from ..parameters import write_parameters
from ..prefix import Prefix
from ..warnings import Warnings
from .caching import write_cache, write_context
from .messages import write_messages, write_system
from .quirks import MessagesQuirks
from .thinking import write_thinking

Wire = dict[str, Any]
FILES = "files-api-2025-04-14"
UNSAID_WHILE_THINKING = dict.fromkeys(("temperature", "top_k"), "it cannot be set while the model thinks")


def write_request(call: Call, quirks: MessagesQuirks) -> Outgoing:
    """The whole request; what Claude cannot be told is in the warnings."""
    config, warnings = call.config, Warnings(str(call.endpoint.api.provider))
    model = call.endpoint.ai_model.model_name
    thinking = write_thinking(call, quirks, warnings)
    system = write_system(call)
    tools = write_tools(config, warnings, thinks=thinking.get("thinking", {}).get("type") == "enabled")
    prefix = Prefix(system, tools.get("tools")) if quirks.binds_thinking else None
    messages = write_messages(call, warnings, prefix)
    body: Wire = {} if quirks.version_in_body else {"model": model}
    if quirks.version_in_body:
        body["anthropic_version"] = quirks.version_in_body
    body["max_tokens"] = thinking.pop("max_tokens")
    if system:
        body["system"] = system
    body["messages"] = messages
    body.update(quirks.defaults)
    body.update(write_parameters(config, quirks, warnings, UNSAID_WHILE_THINKING if thinks(thinking) else None))
    body.update(write_user(config, warnings))
    body.update(thinking)
    body.update(tools)
    write_format(config, quirks, warnings, body)
    if config.streaming and quirks.stream_in_body:
        body["stream"] = True
    write_cache(config, quirks, warnings, body)
    write_context(config, warnings, body)
    body.update(call.endpoint.ai_model.parameters)
    body.update(config.options)
    if any(source_of(block) == "file" for turn in messages for block in turn["content"]):
        body["betas"] = [*body.get("betas", ()), FILES]
    outgoing = warnings.outgoing(path(call, quirks), body, headers(body, quirks))
    return outgoing if prefix is None else replace(outgoing, prefix=prefix.after(messages))


def path(call: Call, quirks: MessagesQuirks) -> str:
    """The model is one segment of the address, whatever is in its name."""
    model = quote(call.endpoint.ai_model.model_name, safe="@")
    return quirks.path.format(model=model, method=quirks.methods[call.config.streaming])


def source_of(block: Wire) -> str | None:
    """Where a picture or document comes from; nothing for other blocks."""
    source = block.get("source")
    return source.get("type") if isinstance(source, dict) else None


def thinks(thinking: Wire) -> bool:
    return thinking.get("thinking", {}).get("type") in ("enabled", "adaptive")


def headers(body: Wire, quirks: MessagesQuirks) -> dict[str, str]:
    """Betas may be asked for in the options; they travel as one list, in a header or in the body."""
    betas = list(dict.fromkeys([*quirks.betas, *body.pop("betas", ())]))
    written = {} if quirks.version_in_body else {"anthropic-version": quirks.version}
    if betas and quirks.betas_in_body:
        body["anthropic_beta"] = betas
        return written
    return {**written, "anthropic-beta": ",".join(betas)} if betas else written


def write_user(config: AIModelCallConfig, warnings: Warnings) -> Wire:
    """All that Claude is told of the metadata."""
    unsaid = config.metadata.keys() - {"user_id", "user"}
    if unsaid:
        warnings.unsupported("metadata", f"only user_id is taken; {', '.join(sorted(unsaid))} stayed here")
    user = config.user or config.metadata.get("user_id") or config.metadata.get("user")
    return {} if user is None else {"metadata": {"user_id": str(user)}}


def write_tools(config: AIModelCallConfig, warnings: Warnings, *, thinks: bool) -> Wire:
    if not config.tools:
        return {}
    choice = config.tool_choice
    written: Wire = {"tools": [write_tool(tool) for tool in offered(config.tools, choice)]}
    chosen = write_choice(choice, warnings, thinks=thinks)
    if config.parallel_tool_calls is not None and chosen.get("type") != "none":
        chosen = {**(chosen or {"type": "auto"}), "disable_parallel_tool_use": not config.parallel_tool_calls}
    if chosen:
        written["tool_choice"] = chosen
    return written


def offered(
    tools: Sequence[ToolDefinition | ServerTool], choice: ToolChoice | None
) -> Sequence[ToolDefinition | ServerTool]:
    """A choice among several tools is made by offering no others."""
    if choice is None or len(choice.names) < 2:
        return tools
    return [tool for tool in tools if isinstance(tool, ToolDefinition) and tool.name in choice.names]


def write_tool(tool: ToolDefinition | ServerTool) -> Wire:
    if isinstance(tool, ServerTool):
        return tool.spec
    written: Wire = {"name": tool.name}
    if tool.description is not None:
        written["description"] = tool.description
    written["input_schema"] = tool.parameters
    if tool.strict is not None:
        written["strict"] = tool.strict
    return written


def write_choice(choice: ToolChoice | None, warnings: Warnings, *, thinks: bool) -> Wire:
    if choice is None:
        return {}
    if choice.mode == "required" and thinks:
        warnings.translated("tool_choice", "a tool cannot be forced while the model thinks; it decides itself")
        return {"type": "auto"}
    if choice.mode == "required" and len(choice.names) == 1:
        return {"type": "tool", "name": choice.names[0]}
    return {"type": {"auto": "auto", "none": "none", "required": "any"}[choice.mode]}


def write_format(config: AIModelCallConfig, quirks: MessagesQuirks, warnings: Warnings, body: Wire) -> None:
    """The schema stands beside the effort in `output_config`."""
    shape = config.structured_output
    if shape is None:
        return
    if quirks.structured == "none":
        warnings.unsupported("structured_output")
        return
    said = {"type": "json_schema", "schema": shape.output_schema}
    body["output_config"] = {**body.get("output_config", {}), "format": said}
