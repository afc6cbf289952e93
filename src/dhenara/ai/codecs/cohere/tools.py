"""Tools of a request, and the choice among them."""

from __future__ import annotations

from ...types.config.call import Call
from ...types.tools.tool_definition import ToolDefinition
from ..common.caller_tools import split_tools
from ..common.plan import WarningCollector
from ..common.response_fields import Wire
from ..common.tools import extra_fields, select_tools, tool_schema, write_raw
from ..quirks import CohereQuirks


def write_tools(call: Call, quirks: CohereQuirks, warnings: WarningCollector) -> Wire:
    """Encode the tools. Only "required" and "none" are supported; named tools are chosen by sending no others."""
    config = call.config
    choice = config.tool_choice
    shown = select_tools(config.tools, choice, warnings, one_by_name=False)
    own, _ = split_tools(shown, call, "cohere", warnings)
    tools = [write_tool(tool, quirks, warnings) for tool in own] + write_raw(shown, warnings)
    if not tools:
        return {}
    written: Wire = {"tools": tools}
    if choice is not None and choice.mode != "auto":
        written["tool_choice"] = choice.mode.upper()
    if any(tool.strict for tool in own):
        written["strict_tools"] = True
    return written


def write_tool(tool: ToolDefinition, quirks: CohereQuirks, warnings: WarningCollector) -> Wire:
    schema, _ = tool_schema(tool, quirks, warnings)
    function: Wire = {"name": tool.name, "parameters": schema}
    if tool.description is not None:
        function["description"] = tool.description
    return {**extra_fields(tool, quirks, warnings), "type": "function", "function": function}
