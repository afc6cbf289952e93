"""MCP servers: their tools, resources and prompts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy_package import lazy_package

if TYPE_CHECKING:
    from .definitions import (
        MCPPrompt as MCPPrompt,
        MCPPromptArgument as MCPPromptArgument,
        MCPResource as MCPResource,
        MCPResourceTemplate as MCPResourceTemplate,
    )
    from .server import MCPServer as MCPServer, load_mcp_servers as load_mcp_servers

__getattr__, __dir__ = lazy_package(
    __name__,
    {
        **dict.fromkeys(("MCPServer", "load_mcp_servers"), ".server"),
        **dict.fromkeys(("MCPPrompt", "MCPPromptArgument", "MCPResource", "MCPResourceTemplate"), ".definitions"),
    },
)
