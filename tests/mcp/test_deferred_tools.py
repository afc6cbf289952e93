"""The tools of an MCP server with hundreds of them are found by tool search."""

from __future__ import annotations

import sys
from pathlib import Path

from dhenara.ai import AIModelClient
from dhenara.ai.mcp import MCPServer
from dhenara.ai.testing import Answer, FakeServer, FakeToolCall
from dhenara.ai.types import defer_tools
from support.worlds import endpoint

SERVER = """
from mcp.server.mcpserver import MCPServer
server = MCPServer("many", log_level="ERROR")

def make(number):
    def read() -> str:
        return f"archive {number}"
    server.add_tool(read, name=f"archive_{number}", description=f"Reads archive {number}.")

for number in range(500):
    make(number)

@server.tool()
def multiply(a: int, b: int) -> int:
    "Multiplies two numbers."
    return a * b

server.run("stdio")
"""


def test_a_run_finds_one_of_500_tools_of_a_server(server: FakeServer, tmp_path: Path) -> None:
    (tmp_path / "many.py").write_text(SERVER)
    search = FakeToolCall("tool_search", {"query": "multiply numbers"}, id="s1")
    product = FakeToolCall("multiply", {"a": 6, "b": 7}, id="c1")
    server.add_replies(Answer(tool_calls=(search,)), Answer(tool_calls=(product,)), Answer(text="42"))
    client = AIModelClient(endpoint(server.url, model="gpt-4.1"))
    with MCPServer([sys.executable, str(tmp_path / "many.py")]) as many:
        tools = defer_tools(many.tools(), namespace="many")
        run = client.run("What is 6 times 7?", tools=tools)
    assert len(tools) == 501
    assert run.text == "42"
    assert [tool.result.text for step in run.steps for tool in step.tools if tool.result][1] == "42"
    assert all(len(exchange.body) < 3_000 for exchange in server.exchanges)
