"""The tools of an MCP server, called by a model. The server is a process of its own, started here.

Needs: python -m pip install 'dhenara[mcp]'
With OPENAI_API_KEY set it asks OpenAI; without, a fake provider on this machine.
"""

import os
import sys
from importlib.util import find_spec

from dhenara.ai import AIModelClient
from dhenara.ai.mcp import MCPServer
from dhenara.ai.testing import Answer, FakeServer, FakeToolCall
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint

SERVER = """
from mcp.server.mcpserver import MCPServer
server = MCPServer("calculator", log_level="ERROR")

@server.tool()
def multiply(a: int, b: int) -> int:
    "Multiplies two numbers."
    return a * b

server.run("stdio")
"""


def show(endpoint: AIModelEndpoint) -> None:
    with AIModelClient(endpoint) as client, MCPServer([sys.executable, "-c", SERVER]) as server:
        run = client.run("What is 1231 times 2331?", tools=server.tools())
        print(run.text)
        print([f"{tool.call.name}: {tool.outcome}" for tool in run.tools])


if find_spec("mcp") is None:
    print("This example needs the package mcp: pip install 'dhenara[mcp]'")
elif os.environ.get("OPENAI_API_KEY"):
    show(AIModelEndpoint(api=AIModelAPI(provider="openai"), ai_model=AIModel(model_name="gpt-5.4-mini")))
else:
    call = FakeToolCall("multiply", {"a": 1231, "b": 2331})
    with FakeServer(Answer(tool_calls=(call,)), Answer(text="It is 2869461.")) as fake:
        api = AIModelAPI(provider="openai", api_key="none", config={"base_url": f"{fake.url}/v1"})
        show(AIModelEndpoint(api=api, ai_model=AIModel(model_name="fake")))
