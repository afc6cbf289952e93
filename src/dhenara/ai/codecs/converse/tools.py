"""Provider tools in Converse: system tools of some model families, referenced by name."""

from __future__ import annotations

from collections.abc import Sequence

from ...types.tools.definitions import ServerTool, ToolDefinition
from ..common.tools import AnyTool, ProviderToolsWire, warn_unsupported_settings, warn_unsupported_tool
from ..common.warnings import WarningCollector
from .quirks import ConverseQuirks


def write_provider_tools(
    tools: Sequence[AnyTool], quirks: ConverseQuirks, warnings: WarningCollector
) -> ProviderToolsWire:
    match = ProviderToolsWire()
    for tool in tools:
        if isinstance(tool, ToolDefinition):
            continue
        if isinstance(tool, ServerTool):
            match.entries.append(tool.spec)
        elif tool.kind in quirks.system_tools:
            warn_unsupported_settings(tool, (), warnings)
            match.entries.append({"systemTool": {"name": quirks.system_tools[tool.kind]}})
        else:
            warn_unsupported_tool(tool, warnings)
    return match
