"""Offering: which tools a model is shown, ours and the provider's own."""

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
    """A choice that the dialect has no words for is made by offering no other tools."""
    if choice is None or not choice.names or choice.mode == "none":
        return tools
    if one_by_name and len(choice.names) == 1 and choice.mode == "required":
        return tools
    chosen = [tool for tool in tools if isinstance(tool, ToolDefinition) and tool.name in choice.names]
    if len(chosen) < len(tools):
        warnings.translated("tool_choice", f"only {', '.join(choice.names)} can be called, so no other tool is offered")
    return chosen


@dataclass(slots=True)
class ProviderToolsWire:
    """The provider's own tools on the wire: entries of the tool list, and fields of the body beside it."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    fields: dict[str, Any] = field(default_factory=dict)


def warn_unsupported_settings(tool: ProviderTool, text: Sequence[str], warnings: WarningCollector) -> None:
    """Settings of a tool that the dialect has no words for."""
    for name, value in tool:
        if name != "kind" and name not in text and value not in (None, (), {}):
            warnings.unsupported(f"{tool.kind}.{name}")


def warn_unsupported_tool(tool: ProviderTool, warnings: WarningCollector, instead: str = "") -> None:
    warnings.unsupported(tool.kind, f"there is no such tool{instead}; it was left out")


def user_location(search: WebSearch) -> dict[str, Any]:
    """Where the user is, as most say it."""
    return {"type": "approximate", **search.place.model_dump(exclude_none=True)} if search.place else {}


def write_raw(tools: Sequence[AnyTool], warnings: WarningCollector) -> list[dict[str, Any]]:
    """For those who run no tools of their own: what is written by hand is passed on."""
    written: list[dict[str, Any]] = []
    for tool in tools:
        if isinstance(tool, ServerTool):
            written.append(tool.spec)
        elif not isinstance(tool, ToolDefinition):
            warn_unsupported_tool(tool, warnings)
    return written
