"""A model calls the tools of an MCP server, which runs as a child process.

Needs: python -m pip install 'dhenara[mcp]'
Run it: python examples/mcp_server.py. Uses OpenAI if OPENAI_API_KEY is set, otherwise a fake server.
"""

import os
import sys
from importlib.util import find_spec
from typing import Any

from dhenara.ai import AIModelClient
from dhenara.ai.mcp import MCPServer
from dhenara.ai.testing import Answer, FakeServer, FakeToolCall

CALCULATOR = """
from mcp.server.mcpserver import MCPServer
server = MCPServer("calculator", log_level="ERROR")

@server.tool()
def multiply(a: int, b: int) -> int:
    "Multiplies two numbers."
    return a * b

server.run("stdio")
"""


def main(**options: Any) -> None:
    with (
        MCPServer([sys.executable, "-c", CALCULATOR]) as calculator,
        AIModelClient("openai/gpt-5.4-mini", **options) as client,
    ):
        run = client.run("What is 1231 times 2331?", tools=calculator.tools())
        print(run.text)
        print([f"{tool.call.name}: {tool.outcome}" for tool in run.tools])


if find_spec("mcp") is None:
    print("This example needs the package mcp: python -m pip install 'dhenara[mcp]'")
elif "OPENAI_API_KEY" in os.environ:
    main()
else:
    call = FakeToolCall("multiply", {"a": 1231, "b": 2331})
    with FakeServer(Answer(tool_calls=(call,)), Answer(text="It is 2869461.")) as server:
        main(api_key="none", base_url=f"{server.url}/v1")
