"""MCP servers: a real process, spoken to over its pipes, whose tools a model calls in every world."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import ConfigurationError, SyncAsyncMismatchError
from dhenara.ai.mcp import MCPServer
from dhenara.ai.testing import Answer, FakeServer, FakeToolCall
from dhenara.ai.types import ImageContent, Run
from support.worlds import Blocking, World, endpoint

COMMAND = [sys.executable, str(Path(__file__).with_name("weather_server.py"))]


def run_with(world: World, client: AIModelClient, server: MCPServer, **settings: Any) -> Run[Any]:
    """A run with the tools of the server, in this world."""
    if isinstance(world, Blocking):
        with server:
            return client.run("?", tools=server.tools(), **settings)

    async def scenario() -> Run[Any]:
        async with server:
            return await client.run_async("?", tools=await server.tools_async(), **settings)

    actual: Run[Any] = world._start(scenario)
    return actual


def test_a_model_calls_the_tools_of_a_process(server: FakeServer, world: World) -> None:
    server.add_replies(
        Answer(
            tool_calls=(
                FakeToolCall("degrees", {"city": "Rome", "days": 2}, "c1"),
                FakeToolCall("weather_map", {"city": "Rome"}, "c2"),
                FakeToolCall("store", {"city": "Rome"}, "c3"),
                FakeToolCall("degrees", {"town": "Rome"}, "c4"),
            )
        ),
        Answer(text="It is hot."),
    )
    client = AIModelClient(endpoint(server.url, "anthropic", "claude-sonnet-4-5"))
    run = run_with(world, client, MCPServer(COMMAND))
    world.close(client)
    assert run.text() == "It is hot."
    assert [tool.outcome for tool in run.tools] == ["ran", "ran", "failed", "invalid"]
    results = [tool.result for tool in run.tools]
    assert all(result is not None for result in results)
    provided = [result.get_text() if result else "" for result in results]
    assert provided[0] == "Rome: 32"
    assert results[1] is not None
    assert [type(part) for part in results[1].contents] == [ImageContent]
    assert "no room for Rome" in provided[2]
    assert "city: is missing" in provided[3]
    declared = {tool["name"]: tool for tool in server.exchanges[0].json["tools"]}
    assert list(declared) == ["degrees", "store", "weather_map"]
    assert declared["degrees"]["description"] == "How warm it is."
    assert declared["degrees"]["input_schema"]["properties"]["days"]["default"] == 1


def test_tools_can_be_selected_renamed_and_need_approval() -> None:
    with MCPServer(COMMAND, prefix="w_", allowed=["degrees", "store"], needs_approval="changes", timeout=3) as server:
        tools = server.tools()
    assert [(tool.name, tool.needs_approval, tool.timeout) for tool in tools] == [
        ("w_degrees", False, 3),
        ("w_store", True, 3),
    ]


def test_a_closed_server_and_a_sync_async_mismatch_raise() -> None:
    server = MCPServer(COMMAND)
    with pytest.raises(SyncAsyncMismatchError, match="Use `with`"):
        server.tools()
    with pytest.raises(ConfigurationError, match="not open"):
        asyncio.run(server.tools_async())
    with server:
        (tool, *_) = server.tools()
    with pytest.raises(ConfigurationError, match="is closed"):
        tool.bind({"city": "Rome"})()


@pytest.mark.parametrize(
    ("where", "named"),
    [(["no-such-command-here"], "'no-such-command-here'"), ("http://127.0.0.1:9/mcp", "127.0.0.1:9")],
)
def test_a_server_that_cannot_be_reached_is_named(where: Any, named: str) -> None:
    server = MCPServer(where)
    with pytest.raises(ConfigurationError, match=f"{named}.* cannot be reached"):
        server.__enter__()
