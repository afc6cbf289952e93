"""MCP servers over streamable HTTP: the server of the package mcp, restarted, refused, cancelled."""

from __future__ import annotations

import json
import threading
import traceback
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import anyio
import pytest
from pydantic import SecretStr

from dhenara.ai.errors import ConfigurationError, MCPServerError
from dhenara.ai.mcp import MCPServer
from dhenara.ai.types import FileContent, ImageContent, Message, TextContent
from support.waiting import HANGS, try_longer_limits
from support.worlds import Blocking, World

from .http_server import PIXEL, HttpServer, http_server

TOKEN = "token-of-a-user-1"


@pytest.fixture(scope="module")
def shared() -> Iterator[HttpServer]:
    with http_server() as server:
        yield server


def answers(world: World, server: MCPServer, *requests: tuple[Any, ...]) -> list[Any]:
    """The answers of the server to these methods with their arguments."""
    if isinstance(world, Blocking):
        with server:
            return [getattr(server, name)(*args) for name, *args in requests]

    async def scenario() -> list[Any]:
        async with server:
            return [await getattr(server, f"{name}_async")(*args) for name, *args in requests]

    actual: list[Any] = world.start(scenario)
    return actual


def test_resources_are_listed_and_read_as_parts(world: World, shared: HttpServer) -> None:
    listed, templates, text, image, file, made = answers(
        world,
        MCPServer(shared.url),
        ("resources",),
        ("resource_templates",),
        ("read_resource", "notes://today"),
        ("read_resource", "notes://map"),
        ("read_resource", "notes://data"),
        ("read_resource", "notes://of/monday"),
    )
    assert {one.uri: one.mime_type for one in listed} == {
        "notes://today": "text/plain",
        "notes://map": "image/png",
        "notes://data": "application/zip",
    }
    assert [(one.uri_template, one.description) for one in templates] == [("notes://of/{day}", "The notes of a day.")]
    assert text == [TextContent(text="Buy milk.")]
    assert [(type(one), one.data) for one in image] == [(ImageContent, PIXEL)]
    assert [(type(one), one.data, one.name) for one in file] == [(FileContent, b"PK", "notes://data")]
    assert made[0].text == "Notes of monday."


def test_prompts_are_listed_and_become_messages(world: World, shared: HttpServer) -> None:
    (prompt,), messages = answers(
        world, MCPServer(shared.url), ("prompts",), ("get_prompt", "review", {"language": "Go", "code": "x"})
    )
    assert (prompt.name, prompt.description) == ("review", "Reviews code.")
    assert [(one.name, one.required) for one in prompt.arguments] == [("language", True), ("code", False)]
    assert messages == [
        Message(role="user", contents=[TextContent(text="Review this Go: x")]),
        Message(role="assistant", contents=[TextContent(text="I will.")]),
    ]


@pytest.mark.parametrize(
    ("question", "what"),
    [
        (("read_resource", "notes://no"), "return the resource 'notes://no'"),
        (("get_prompt", "no"), "return the prompt 'no'"),
    ],
)
def test_what_a_server_does_not_have_is_a_typed_error(
    world: World, shared: HttpServer, question: tuple[Any, ...], what: str
) -> None:
    with pytest.raises(MCPServerError, match=f"127.0.0.1.*did not {what}: "):
        answers(world, MCPServer(shared.url), question)


def test_a_structured_result_is_a_value(shared: HttpServer) -> None:
    with MCPServer(shared.url, allowed=["weather"]) as server:
        result = server.tools()[0].bind({"city": "Rome"})()
    assert result.output == {"city": "Rome", "degrees": 31}
    assert result.extras["structured_content"] == {"city": "Rome", "degrees": 31}
    assert result.get_text() == '{"city":"Rome","degrees":31}'


@pytest.mark.parametrize("json", [False, True])
def test_a_result_that_is_too_long_fails_its_call_only(json: bool) -> None:
    with (
        http_server(json=json) as http,
        MCPServer(http.url, allowed=["large"], max_message_bytes=2_000_000) as server,
    ):
        tool = server.tools()[0]
        assert len(tool.bind({"size": 900_000})().get_text()) == 900_000  # twice in the message
        with pytest.raises(MCPServerError, match=r"message of more than 2000000 bytes|SSE stream failed"):
            tool.bind({"size": 3_000_000})()
        assert tool.bind({"size": 3})().get_text() == "xxx"


@pytest.mark.parametrize("stateless", [False, True])
def test_a_server_that_was_restarted_is_connected_to_again(world: World, stateless: bool) -> None:
    with http_server(stateless=stateless) as http:
        server = MCPServer(http.url, allowed=["weather"])

        def restart() -> None:
            http.stop()
            http.start()

        if isinstance(world, Blocking):
            with server:
                (tool,) = server.tools()
                tool.bind({"city": "Rome"})()
                restart()
                assert tool.bind({"city": "Rome"})().output["degrees"] == 31
        else:

            async def scenario() -> Any:
                async with server:
                    (tool,) = await server.tools_async()
                    await tool.bind({"city": "Rome"})()
                    await anyio.to_thread.run_sync(restart)
                    return await tool.bind({"city": "Rome"})()

            assert world.start(scenario).output["degrees"] == 31
        assert http.calls == 2


def test_a_server_that_is_away_is_tried_a_few_times(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[int] = []
    monkeypatch.setattr("dhenara.ai.mcp.session.pause_before", lambda failures: pauses.append(failures) or 0)
    with http_server() as http, MCPServer(http.url, allowed=["weather"], reconnects=2) as server:
        (tool,) = server.tools()
        http.stop()
        with pytest.raises(MCPServerError, match=r"cannot be reached: cannot connect"):
            tool.bind({"city": "Rome"})()
        assert pauses == [1, 2]
        http.start()
        assert tool.bind({"city": "Rome"})().output["degrees"] == 31


class BreakingHandler(BaseHTTPRequestHandler):
    """Answers all but calls of tools; there it ends the connection, at the place that the class says."""

    after_head = False
    calls = 0

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        result = self.result_of(request["method"], request.get("params") or {})
        if request["method"] == "tools/call":
            type(self).calls += 1
            if self.after_head:
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", "100")
                self.end_headers()
            self.close_connection = True
            return
        if "id" not in request:
            self.send_response(202)
            self.send_header("content-length", "0")
            self.end_headers()
            return
        error = {"error": {"code": -32601, "message": "Method not found"}}
        body = json.dumps({"jsonrpc": "2.0", "id": request["id"], **({"result": result} if result else error)}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def result_of(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        about = {"capabilities": {"tools": {}}, "serverInfo": {"name": "b", "version": "1"}}
        tools = [{"name": "work", "inputSchema": {"type": "object"}}]
        results = {
            "initialize": {"protocolVersion": params.get("protocolVersion"), **about},
            "tools/list": {"tools": tools},
        }
        return results.get(method, {})

    def log_message(self, format: str, *args: Any) -> None: ...


class ForgettingHandler(BreakingHandler):
    """A server with sessions; it forgets them all when `sessions` is cleared."""

    status = 404
    sessions: ClassVar[set[str]] = set()

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        method, headers = request["method"], {"content-type": "application/json"}
        if method == "initialize":
            headers["mcp-session-id"] = f"s{len(self.sessions) + 1}"
            self.sessions.add(headers["mcp-session-id"])
        elif method != "server/discover" and self.headers["mcp-session-id"] not in self.sessions:
            self.answer(self.status, {}, b'{"error": "Bad Request: No valid session ID provided"}')
            return
        if method == "tools/call":
            type(self).calls += 1
        result = self.result_of(method, request.get("params") or {})
        if method == "tools/call":
            result = {"content": [{"type": "text", "text": "done"}]}
        error = {"error": {"code": -32601, "message": "Method not found"}}
        body = {"jsonrpc": "2.0", "id": request.get("id"), **({"result": result} if result else error)}
        self.answer(200 if "id" in request else 202, headers, json.dumps(body).encode() if "id" in request else b"")

    def do_GET(self) -> None:
        self.answer(405, {}, b"")

    do_DELETE = do_GET

    def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in {**headers, "content-length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@pytest.mark.parametrize("status", [404, 400])
def test_a_session_that_the_server_forgot_is_opened_again_and_the_call_is_sent(world: World, status: int) -> None:
    handler: Any = type("Handler", (ForgettingHandler,), {"status": status, "calls": 0, "sessions": set()})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
        server = MCPServer(f"http://127.0.0.1:{http.server_port}/mcp")

        if isinstance(world, Blocking):
            with server:
                (tool,) = server.tools()
                handler.sessions.clear()
                text = tool.bind({})().get_text()
        else:

            async def scenario() -> Any:
                async with server:
                    (tool,) = await server.tools_async()
                    handler.sessions.clear()
                    return (await tool.bind({})()).get_text()

            text = world.start(scenario)
        http.shutdown()
    assert text == "done"
    assert handler.calls == 1


@pytest.mark.parametrize("after_head", [False, True])
def test_a_call_that_may_have_run_is_not_sent_again_when_the_connection_breaks(after_head: bool) -> None:
    handler = type("Handler", (BreakingHandler,), {"after_head": after_head, "calls": 0})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
        with MCPServer(f"http://127.0.0.1:{http.server_port}/mcp") as server:
            (tool,) = server.tools()
            for calls in (1, 2):
                with pytest.raises(MCPServerError):
                    tool.bind({})()
                assert handler.calls == calls
            assert [one.name for one in server.tools()] == ["work"]
        http.shutdown()


def test_a_call_that_takes_too_long_is_cancelled_at_the_server() -> None:
    def attempt(seconds: float) -> bool | None:
        with http_server() as http, MCPServer(http.url, allowed=["wait"], timeout=seconds) as server:
            (tool,) = server.tools()
            with pytest.raises(MCPServerError, match=f"within {seconds:g} seconds"):
                tool.bind({})()
            return http.cancelled.wait(HANGS) if http.running.is_set() else None

    assert try_longer_limits(attempt, 0.3)


class Source:
    """A source of tokens that counts them."""

    def __init__(self) -> None:
        self.fetched = 0

    def next(self) -> str:
        self.fetched += 1
        return f"{TOKEN}-{self.fetched}"

    async def next_async(self) -> SecretStr:
        return SecretStr(self.next())


@pytest.mark.parametrize("given", [TOKEN, SecretStr(TOKEN), lambda: TOKEN], ids=["text", "secret", "function"])
def test_a_token_is_sent_with_every_request(world: World, given: Any) -> None:
    with http_server() as http:
        http.tokens = {TOKEN}
        answers(world, MCPServer(http.url, token=given), ("prompts",))
        assert set(http.seen) == {f"Bearer {TOKEN}"}


@pytest.mark.parametrize("kind", ["next", "next_async"])
def test_a_token_that_is_refused_is_fetched_again_once(world: World, kind: str) -> None:
    source = Source()
    with http_server() as http:
        http.tokens = {f"{TOKEN}-2"}
        answers(world, MCPServer(http.url, token=getattr(source, kind)), ("prompts",))
        assert source.fetched == 2


def test_a_token_that_is_always_refused_is_a_typed_error_without_the_token(world: World) -> None:
    with http_server() as http:
        http.tokens = {"other"}
        server = MCPServer(http.url, token=TOKEN)
        with pytest.raises(MCPServerError, match=r"HTTP 401.*Pass a valid token=") as caught:
            answers(world, server, ("prompts",))
    shown = "".join(traceback.format_exception(caught.value)) + repr(server) + repr(vars(server))
    assert TOKEN not in shown


@pytest.mark.parametrize("value", [None, 3, "", "two\nlines", "snow ☃"])
def test_a_source_without_a_usable_token_is_a_typed_error(value: Any) -> None:
    with pytest.raises(ConfigurationError, match="the token of an MCP server is"):
        answers(Blocking(), MCPServer("http://127.0.0.1:9/mcp", token=lambda: value), ("prompts",))


def test_an_error_of_the_source_is_the_cause() -> None:
    def fail() -> str:
        raise RuntimeError("the vault is closed")

    with pytest.raises(MCPServerError, match="the vault is closed"):
        answers(Blocking(), MCPServer("http://127.0.0.1:9/mcp", token=fail), ("prompts",))


def test_a_token_for_a_command_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="token= is for a URL"):
        MCPServer(["program"], token=TOKEN)
