"""Tool selection: which tools are sent to the model, the caller's and the provider's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import Any

from ..dataclass import dataclass
from ..types.provider_tools import ProviderTool, WebSearch
from ..types.tools import ServerTool, ToolChoice, ToolDefinition
from .warnings import WarningCollector

AnyTool = ToolDefinition | ServerTool | ProviderTool


def select_tools(
    tools: Sequence[AnyTool], choice: ToolChoice | None, warnings: WarningCollector, *, one_by_name: bool
) -> Sequence[AnyTool]:
    """Apply a tool choice that the dialect does not support by sending only the chosen tools."""
    if choice is None or not choice.names or choice.mode == "none":
        return tools
    if one_by_name and len(choice.names) == 1 and choice.mode == "required":
        return tools
    chosen = [tool for tool in tools if isinstance(tool, ToolDefinition) and tool.name in choice.names]
    if len(chosen) < len(tools):
        warnings.translated("tool_choice", f"only {', '.join(choice.names)} may be called, so others are not sent")
    return chosen


@dataclass(slots=True)
class ProviderToolsWire:
    """Provider tools in a request: entries of the tool list, and additional body fields."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    fields: dict[str, Any] = field(default_factory=dict)


def warn_unsupported_settings(tool: ProviderTool, text: Sequence[str], warnings: WarningCollector) -> None:
    """Warn about settings of a tool that the dialect does not support."""
    for name, value in tool:
        if name != "kind" and name not in text and value not in (None, (), {}):
            warnings.unsupported(f"{tool.kind}.{name}")


def warn_unsupported_tool(tool: ProviderTool, warnings: WarningCollector, instead: str = "") -> None:
    warnings.unsupported(tool.kind, f"this tool is not supported{instead}; it was left out")


def user_location(search: WebSearch) -> dict[str, Any]:
    """Return the location in the format that most providers use."""
    return {"type": "approximate", **search.place.model_dump(exclude_none=True)} if search.place else {}


def write_raw(tools: Sequence[AnyTool], warnings: WarningCollector) -> list[dict[str, Any]]:
    """Return only raw tools, for providers without tools of their own."""
    written: list[dict[str, Any]] = []
    for tool in tools:
        if isinstance(tool, ServerTool):
            written.append(tool.spec)
        elif not isinstance(tool, ToolDefinition):
            warn_unsupported_tool(tool, warnings)
    return written
