"""Tools of a request, imported by the first call that has any."""

from __future__ import annotations

from typing import Any

from ...types.call_config import AIModelCallConfig
from ...types.tools import ToolChoice, ToolDefinition
from ..structured_output import tool_schema
from ..tool_selection import select_tools
from ..warnings import WarningCollector
from .provider_tools import write_provider_tools
from .quirks import ChatQuirks


def write_tools(config: AIModelCallConfig, quirks: ChatQuirks, warnings: WarningCollector) -> dict[str, Any]:
    chosen = select_tools(config.tools, config.tool_choice, warnings, one_by_name=quirks.named_tool_choice)
    own = [write_tool(tool, quirks, warnings) for tool in chosen if isinstance(tool, ToolDefinition)]
    provider_tools = write_provider_tools(chosen, quirks, warnings)
    if not (own or provider_tools.entries):
        return provider_tools.fields
    written: dict[str, Any] = {"tools": [*own, *provider_tools.entries], **provider_tools.fields}
    if config.tool_choice is not None:
        written.update(write_tool_choice(config.tool_choice, quirks, warnings))
    return written


def write_tool(tool: ToolDefinition, quirks: ChatQuirks, warnings: WarningCollector) -> dict[str, Any]:
    if tool.strict and not quirks.strict_tools:
        warnings.unsupported("tools.strict")
        tool = tool.model_copy(update={"strict": None})
    schema, strict = tool_schema(tool, quirks, warnings)
    function: dict[str, Any] = {"name": tool.name, "parameters": schema}
    if tool.description is not None:
        function["description"] = tool.description
    if strict is not None and quirks.strict_tools:
        function["strict"] = strict
    return {"type": "function", "function": function}


def write_tool_choice(choice: ToolChoice, quirks: ChatQuirks, warnings: WarningCollector) -> dict[str, Any]:
    if len(choice.names) == 1 and choice.mode == "required" and quirks.named_tool_choice:
        return {"tool_choice": {"type": "function", "function": {"name": choice.names[0]}}}
    word = quirks.tool_choice_words.get(choice.mode, choice.mode)
    if word is None:
        warnings.unsupported("tool_choice", f"{choice.mode!r} is not supported; the model decides")
        return {}
    return {"tool_choice": word}
