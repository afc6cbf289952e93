"""Provider-run tools in Converse: system tools that some families have, known by their names."""

from __future__ import annotations

from collections.abc import Sequence

from ...types.tools import ServerTool, ToolDefinition
from ..offering import AnyTool, Provided, warn_absent, warn_unsaid
from ..warnings import Warnings
from .quirks import ConverseQuirks


def write_provider_tools(tools: Sequence[AnyTool], quirks: ConverseQuirks, warnings: Warnings) -> Provided:
    found = Provided()
    for tool in tools:
        if isinstance(tool, ToolDefinition):
            continue
        if isinstance(tool, ServerTool):
            found.entries.append(tool.spec)
        elif tool.kind in quirks.system_tools:
            warn_unsaid(tool, (), warnings)
            found.entries.append({"systemTool": {"name": quirks.system_tools[tool.kind]}})
        else:
            warn_absent(tool, warnings)
    return found
