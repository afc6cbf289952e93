"""An MCP server whose list of tools is as its first argument says: names, or pages without end."""

from __future__ import annotations

import sys
import time
from typing import Any

import anyio
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

from mcp import types

KIND, *NAMES = sys.argv[1:]
EMPTY: dict[str, Any] = {"type": "object", "properties": {}}
BROKEN: dict[str, Any] = {"type": "object", "properties": {"a": {"$ref": "#/$defs/missing"}}}


async def list_tools(context: Any, request: Any) -> types.ListToolsResult:
    cursor = getattr(request, "cursor", None)
    if KIND == "endless":
        return types.ListToolsResult(tools=[], next_cursor=str(int(cursor or 0) + 1))
    if KIND == "circle":
        return types.ListToolsResult(tools=[], next_cursor="again")
    if KIND == "silent":
        await anyio.sleep_forever()
    if KIND == "malformed":
        return types.ListToolsResult.model_construct(tools=[types.Tool.model_construct(name="a")])
    schema = BROKEN if KIND == "broken" else EMPTY
    return types.ListToolsResult(tools=[types.Tool(name=name, input_schema=schema) for name in NAMES])


async def call_tool(context: Any, request: Any) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=f"called {request.name}")])


async def main() -> None:
    server: Any = Server("paged", on_list_tools=list_tools, on_call_tool=call_tool)
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


if __name__ == "__main__":
    if KIND == "deaf":
        time.sleep(3600)
    anyio.run(main)
