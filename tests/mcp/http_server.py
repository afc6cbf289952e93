"""A real MCP server over streamable HTTP, on a thread of the tests; it can be stopped and started at the same port."""

from __future__ import annotations

import base64
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import anyio
import uvicorn
from mcp.server.mcpserver import Image, MCPServer
from mcp.server.mcpserver.prompts.base import AssistantMessage, Message, UserMessage
from pydantic import BaseModel

PIXEL = b"\x89PNG\r\n\x1a\n"


class Weather(BaseModel):
    """The weather in a city."""

    city: str
    degrees: int


class HttpServer:
    """The server: `calls` counts calls of tools, `tokens` are accepted (empty: all), `seen` are those that came."""

    def __init__(self, *, stateless: bool = False, json: bool = False) -> None:
        self.calls = 0
        self.tokens: set[str] = set()
        self.seen: list[str] = []
        self.cancelled = threading.Event()
        self.running = threading.Event()
        self._options = {"stateless_http": stateless, "json_response": json}
        self._stop: Callable[[], None] | None = None
        # Nobody else gets the port while the server is down, and the server may take it all the same.
        self._reserved = socket.socket()
        self._reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._reserved.bind(("127.0.0.1", 0))
        self.port = self._reserved.getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/mcp"

    def start(self) -> None:
        app = self._guarded(make_server(self).streamable_http_app(**self._options))
        config = uvicorn.Config(
            app, host="127.0.0.1", port=self.port, log_level="critical", timeout_graceful_shutdown=0
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()

        async def started() -> None:
            with anyio.fail_after(250):
                while not server.started:
                    await anyio.sleep(0.005)

        anyio.run(started)

        def stop() -> None:
            server.should_exit = server.force_exit = True
            thread.join(250)

        self._stop = stop

    def stop(self) -> None:
        stop, self._stop = self._stop, None
        if stop is not None:
            stop()

    def close(self) -> None:
        """Stops the server and gives its port back."""
        self.stop()
        self._reserved.close()

    def _guarded(self, app: Any) -> Any:
        async def guard(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "http":
                header = dict(scope["headers"]).get(b"authorization", b"").decode()
                self.seen.append(header)
                if self.tokens and header.removeprefix("Bearer ") not in self.tokens:
                    await send({"type": "http.response.start", "status": 401, "headers": []})
                    await send({"type": "http.response.body", "body": b""})
                    return
            await app(scope, receive, send)

        return guard


@contextmanager
def http_server(**options: Any) -> Iterator[HttpServer]:
    server = HttpServer(**options)
    server.start()
    try:
        yield server
    finally:
        server.close()


def make_server(state: HttpServer) -> MCPServer:
    server = MCPServer("weather", log_level="CRITICAL")

    @server.tool()
    def weather(city: str) -> Weather:
        """The weather in a city."""
        state.calls += 1
        return Weather(city=city, degrees=31)

    @server.tool()
    def large(size: int) -> str:
        """A long text."""
        return "x" * size

    @server.tool()
    async def wait() -> str:
        """Never returns."""
        state.calls += 1
        state.running.set()
        try:
            await anyio.sleep_forever()
        except anyio.get_cancelled_exc_class():
            state.cancelled.set()
            raise

    @server.tool()
    def picture() -> Image:
        """A picture."""
        return Image(data=base64.b64decode("iVBORw0KGgo="), format="png")

    add_resources(server)
    return server


def add_resources(server: MCPServer) -> None:
    @server.resource("notes://today", mime_type="text/plain")
    def today() -> str:
        """What is to be done."""
        return "Buy milk."

    @server.resource("notes://map", mime_type="image/png")
    def city_map() -> bytes:
        """A map."""
        return PIXEL

    @server.resource("notes://data", mime_type="application/zip")
    def data() -> bytes:
        """An archive."""
        return b"PK"

    @server.resource("notes://of/{day}", mime_type="text/plain")
    def of_day(day: str) -> str:
        """The notes of a day."""
        return f"Notes of {day}."

    @server.prompt()
    def review(language: str, code: str = "") -> list[Message]:
        """Reviews code."""
        return [UserMessage(f"Review this {language}: {code}"), AssistantMessage("I will.")]
