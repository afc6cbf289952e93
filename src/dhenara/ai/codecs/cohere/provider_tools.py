"""Provider-run tools in Cohere v2: there are none, but what is written by hand is passed on."""

from __future__ import annotations

from collections.abc import Sequence

from ...types.tools import ServerTool, ToolDefinition
from ..offering import AnyTool, Provided, warn_absent
from ..warnings import Warnings


def write_provider_tools(tools: Sequence[AnyTool], warnings: Warnings) -> Provided:
    found = Provided()
    for tool in tools:
        if isinstance(tool, ServerTool):
            found.entries.append(tool.spec)
        elif not isinstance(tool, ToolDefinition):
            warn_absent(tool, warnings)
    return found
