"""MCP servers: errors come out as they are, nothing takes for ever, and every tool has a name of its own."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from dhenara.ai.errors import ConfigurationError, InvalidSchemaError, MCPServerError, MCPTimeoutError
from dhenara.ai.mcp import MCPServer
from dhenara.ai.mcp.definitions import legal_names
from dhenara.ai.types import Tool
from support.worlds import Blocking, World

SCRIPT = Path(__file__).parents[1] / "mcp" / "paged_server.py"


class BodyError(Exception):
    """What the code inside of `with` raises."""


def serving(kind: str, *names: str, **settings: Any) -> MCPServer:
    return MCPServer([sys.executable, str(SCRIPT), kind, *names], **settings)


def inside(world: World, server: MCPServer, body: Callable[[list[Tool]], object] = lambda tools: tools) -> Any:
    """What the body gives, inside of `with` in this world."""
    if isinstance(world, Blocking):
        with server:
            return body(server.tools())

    async def scenario() -> Any:
        async with server:
            return body(await server.tools_async())

    return world._start(scenario)


@pytest.mark.parametrize("error", [BodyError("mine"), ExceptionGroup("mine", [OSError()])])
def test_an_exception_inside_comes_out_as_itself(world: World, error: Exception) -> None:
    def body(tools: list[Tool]) -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        inside(world, serving("names", "a"), body)
    assert caught.value is error


def test_an_exit_inside_comes_out_as_itself() -> None:
    with pytest.raises(SystemExit), serving("names", "a"):
        raise SystemExit(3)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_cancellation_inside_ends_the_connection(backend: str) -> None:
    async def scenario() -> bool:
        with anyio.CancelScope() as scope:
            async with serving("names", "a"):
                scope.cancel()
                await anyio.sleep_forever()
        return scope.cancelled_caught

    assert anyio.run(scenario, backend=backend)


def test_a_server_that_does_not_answer_the_opening_is_given_up(world: World) -> None:
    with pytest.raises(MCPTimeoutError, match="open_timeout") as caught:
        inside(world, serving("deaf", open_timeout=2.0))
    assert caught.value.limit == "open"
    assert isinstance(caught.value, ConfigurationError)
    assert isinstance(caught.value, TimeoutError)


def test_a_process_that_does_not_end_by_itself_is_ended() -> None:
    with pytest.raises(MCPTimeoutError, match="open_timeout"):
        inside(Blocking(), serving("stubborn", open_timeout=2.0))


def test_a_server_that_does_not_list_its_tools_is_given_up(world: World) -> None:
    with pytest.raises(MCPTimeoutError, match="list_timeout") as caught:
        inside(world, serving("silent", list_timeout=0.3))
    assert caught.value.limit == "list"


@pytest.mark.parametrize(("kind", "why"), [("endless", "max_tools"), ("circle", "repeats its pages")])
def test_pages_without_end_are_refused(world: World, kind: str, why: str) -> None:
    with pytest.raises(MCPServerError, match=why):
        inside(world, serving(kind, max_tools=20))


def test_a_list_that_is_none_is_a_typed_error(world: World) -> None:
    with pytest.raises(MCPServerError, match="did not list its tools"):
        inside(world, serving("malformed"))


def test_more_tools_than_allowed_are_refused() -> None:
    with pytest.raises(MCPServerError, match="max_tools"):
        inside(Blocking(), serving("names", *"abcdef", max_tools=5))


def test_names_that_differ_stay_different_and_call_their_own_tool(world: World) -> None:
    names = ["a.b", "a b", "a_b", "x" * 70 + "1", "x" * 70 + "2", "天気", "予報"]

    def body(tools: list[Tool]) -> None:
        called = [tool.name for tool in tools]
        assert len(set(called)) == len(names)
        assert all(0 < len(name) <= 64 for name in called)
        assert called[2] == "a_b"
        if isinstance(world, Blocking):
            assert [tool.bind({})().get_text() for tool in tools] == [f"called {name}" for name in names]

    inside(world, serving("names", *names), body)


def test_a_name_depends_neither_on_the_order_nor_on_what_is_allowed() -> None:
    forwards = dict(zip(["a.b", "a b", "c.d"], legal_names(["a.b", "a b", "c.d"], "p_"), strict=True))
    backwards = dict(zip(["c.d", "a b", "a.b"], legal_names(["c.d", "a b", "a.b"], "p_"), strict=True))
    assert forwards == backwards
    assert forwards["c.d"] == "p_c_d"
    (tool,) = inside(Blocking(), serving("names", "a.b", "a b", allowed=["a b"], prefix="p_"))
    assert tool.name == forwards["a b"]


def test_a_tool_whose_schema_cannot_work_is_named() -> None:
    with pytest.raises(InvalidSchemaError, match=r"tool 'look_up' .*properties\.a\.\$ref"):
        inside(Blocking(), serving("broken", "look_up"))


def call_first(world: World, server: MCPServer, **arguments: Any) -> Any:
    """What the first tool of the server returns or raises."""
    if isinstance(world, Blocking):
        with server:
            return server.tools()[0].bind(arguments)()

    async def scenario() -> Any:
        async with server:
            return await (await server.tools_async())[0].bind(arguments)()

    return world._start(scenario)


@pytest.mark.parametrize("method", ["initialize", "tools/list", "tools/call"])
def test_bytes_that_are_not_utf_8_do_not_end_the_connection(world: World, method: str) -> None:
    assert call_first(world, serving(f"latin {method}", "a", list_timeout=200)).get_text() == "called a"


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("refusing", "did not run the tool 'a': the database is closed"),
        ("dying", "ended during the request: Connection closed .the process ended with exit code 0"),
        ("odd", "did not answer the call of 'a' with a tool result: content"),
        ("torn", "answered the call of 'a' with a part that cannot be read: Only base64"),
    ],
)
def test_an_error_of_a_tool_call_is_a_typed_error(world: World, kind: str, reason: str) -> None:
    with pytest.raises(MCPServerError, match=reason):
        call_first(world, serving(kind, "a"))


def test_arguments_that_json_cannot_hold_are_refused_and_the_connection_stays(world: World) -> None:
    with pytest.raises(ConfigurationError, match="the arguments of 'a' cannot be written as JSON"):
        call_first(world, serving("names", "a"), text="half \ud83d")
