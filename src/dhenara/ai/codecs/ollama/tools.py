"""Tools of a request, and the choice among them."""

from __future__ import annotations

from ...types.config.call import Call
from ...types.tools.tool_definition import ToolDefinition
from ..common.caller_tools import split_tools
from ..common.plan import WarningCollector
from ..common.response_fields import Wire
from ..common.tools import extra_fields, select_tools, tool_schema, write_raw
from ..quirks import OllamaQuirks


def write_tools(call: Call, quirks: OllamaQuirks, warnings: WarningCollector) -> Wire:
    """Encode the tools. Calls cannot be forced; named tools are chosen by sending no others."""
    config = call.config
    choice = config.tool_choice
    if choice is not None and choice.mode == "none":
        return {}
    if choice is not None and choice.mode == "required" and config.tools:
        warnings.unsupported("tool_choice", "tool calls cannot be required; the model decides")
    shown = select_tools(config.tools, choice, warnings, one_by_name=False)
    functions, _ = split_tools(shown, call, "ollama", warnings)
    own = [write_tool(tool, quirks, warnings) for tool in functions]
    tools = own + write_raw(shown, warnings)
    return {"tools": tools} if tools else {}


def write_tool(tool: ToolDefinition, quirks: OllamaQuirks, warnings: WarningCollector) -> Wire:
    if tool.strict:
        warnings.unsupported("tools.strict")
    schema, _ = tool_schema(tool, quirks, warnings)
    function: Wire = {"name": tool.name, "parameters": schema}
    if tool.description is not None:
        function["description"] = tool.description
    return {**extra_fields(tool, quirks, warnings), "type": "function", "function": function}
