"""A real MCP server, started by the tests as a process of its own."""

from __future__ import annotations

import base64

from mcp.server.mcpserver import Image, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations

server = MCPServer("weather")


@server.tool(annotations=ToolAnnotations(read_only_hint=True))
def degrees(city: str, days: int = 1) -> str:
    """How warm it is."""
    return f"{city}: {30 + days}"


@server.tool()
def store(city: str) -> str:
    """Remembers a city."""
    raise ToolError(f"no room for {city}")


@server.tool(name="weather.map")
def weather_map(city: str) -> Image:
    """A map of the weather."""
    return Image(data=base64.b64decode(b"iVBORw0KGgo="), format="png")


if __name__ == "__main__":
    server.run("stdio")
