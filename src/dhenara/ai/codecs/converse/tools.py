"""Tools of a request: functions, and system tools of some model families, referenced by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...types.config.call import Call
from ...types.content.parts import ToolCallContent, ToolResultContent
from ...types.tools.provider_tools import ServerTool
from ...types.tools.tool_definition import ToolChoice, ToolDefinition
from ..common.caller_tools import split_tools
from ..common.plan import WarningCollector
from ..common.response_fields import Wire
from ..common.tools import (
    AnyTool,
    ProviderToolsWire,
    extra_fields,
    select_tools,
    tool_schema,
    warn_unsupported_settings,
    warn_unsupported_tool,
)
from ..quirks import ConverseQuirks


def write_provider_tools(
    tools: Sequence[AnyTool], quirks: ConverseQuirks, warnings: WarningCollector
) -> ProviderToolsWire:
    wire = ProviderToolsWire()
    for tool in tools:
        if isinstance(tool, ToolDefinition):
            continue
        if isinstance(tool, ServerTool):
            wire.entries.append(tool.spec)
        elif tool.kind in quirks.system_tools:
            warn_unsupported_settings(tool, (), warnings)
            wire.entries.append({"systemTool": {"name": quirks.system_tools[tool.kind]}})
        else:
            warn_unsupported_tool(tool, warnings)
    return wire


MARK = "cache_control"
ANY_SCHEMA: Wire = {"type": "object", "properties": {}}


def write_tools(call: Call, quirks: ConverseQuirks, warnings: WarningCollector) -> Wire:
    """Encode the tools. A history with tool calls is rejected unless their tools are declared, so these are added."""
    config = call.config
    choice = config.tool_choice
    shown = select_tools(config.tools, choice, warnings, one_by_name=True)
    declared: list[Wire] = []
    for tool in split_tools(shown, call, "converse", warnings)[0]:
        declared += write_tool(tool, quirks, warnings)
    declared += write_provider_tools(shown, quirks, warnings).entries
    if not declared:
        parts = (part for message in call.messages for part in message.contents)
        named = {p.name for p in parts if isinstance(p, ToolCallContent | ToolResultContent) and p.name}
        declared = [{"toolSpec": {"name": name, "inputSchema": {"json": ANY_SCHEMA}}} for name in sorted(named)]
    if not declared:
        return {}
    written: Wire = {"tools": declared}
    if choice is not None and choice.mode == "none":
        warnings.unsupported("tool_choice", "tool calls cannot be turned off; the model decides")
    elif choice is not None and config.tools:
        written["toolChoice"] = write_choice(choice)
    return {"toolConfig": written}


def write_tool(tool: ToolDefinition, quirks: ConverseQuirks, warnings: WarningCollector) -> list[Wire]:
    """Encode a tool, and its cache marker, which is an entry of its own."""
    schema, strict = tool_schema(tool, quirks, warnings)
    spec: Wire = {"name": tool.name, "inputSchema": {"json": schema}}
    if tool.description is not None:
        spec["description"] = tool.description
    if strict is not None:
        spec["strict"] = strict
    extras = extra_fields(tool, quirks, warnings)
    mark = extras.pop(MARK, None)
    written = [{"toolSpec": {**extras, **spec}}]
    if isinstance(mark, Mapping):
        written.append({"cachePoint": {"type": "default", **{name: mark[name] for name in ("ttl",) if name in mark}}})
    return written


def write_choice(choice: ToolChoice) -> Wire:
    if choice.mode == "required" and len(choice.names) == 1:
        return {"tool": {"name": choice.names[0]}}
    return {"any": {}} if choice.mode == "required" else {"auto": {}}
