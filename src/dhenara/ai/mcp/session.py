"""Sessions with an MCP server: connecting, listing its tools (all pages), calling them, within time and size limits."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import anyio
import httpx2
from mcp.client.streamable_http import streamable_http_client
from pydantic import ValidationError
from pydantic_core import PydanticSerializationError, to_json

from mcp import Client, MCPError, StdioServerParameters

from ..errors import ConfigurationError, MCPServerError, MCPTimeoutError
from ..http.protocol.limits import DEFAULT_LIMITS
from .server import server_name

MOST = DEFAULT_LIMITS.event_bytes
"""Largest message in bytes: a JSON body, or one event of a stream."""


async def bound_response(response: httpx2.Response) -> None:
    """Make reading fail if a message exceeds `MOST` bytes.

    Raises:
        httpx2.DecodingError: If the body is compressed although that was not requested, so its size is unknown.
    """
    if response.headers.get("content-encoding", "identity") != "identity":
        raise httpx2.DecodingError("the server compressed its response, which was not requested")
    if isinstance(response.stream, httpx2.AsyncByteStream):
        response.stream = BoundedStream(response.stream, MOST)


class BoundedStream(httpx2.AsyncByteStream):
    """The bytes of a response; a blank line restarts the count."""

    def __init__(self, inner: httpx2.AsyncByteStream, most: int) -> None:
        self._inner = inner
        self._most = most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        waiting = 0
        async for piece in self._inner:
            waiting += len(piece)
            if waiting > self._most:
                raise httpx2.ReadError(f"the server sent a message of more than {self._most} bytes")
            end = max(piece.rfind(b"\n\n"), piece.rfind(b"\r\n\r\n"))
            if end >= 0:
                waiting = len(piece) - end
            yield piece

    async def aclose(self) -> None:
        await self._inner.aclose()


# A server may keep a response open while a tool runs.
TIMEOUT = httpx2.Timeout(30, read=300)
UNREACHABLE = (OSError, httpx2.HTTPError, MCPError, ExceptionGroup, anyio.ClosedResourceError, anyio.EndOfStream)
"""Errors of the package mcp for a server that cannot be reached or violates the protocol."""

CLOSING = 10.0
"""Longest time in seconds to close; a process that does not exit by then is abandoned."""


@asynccontextmanager
async def connection(
    server: str | Sequence[str],
    env: Mapping[str, str] | None,
    cwd: str | None,
    headers: Mapping[str, str],
    open_timeout: float | None,
) -> AsyncIterator[Client]:
    """Open a client.

    The package's task groups live as long as the connection, so the timeouts do too: one cancel scope around all of
    it, whose deadline is first that of opening, then none, then that of closing.

    Raises:
        MCPTimeoutError: If opening took longer than `open_timeout`.
        MCPServerError: If the server cannot be reached or violates the protocol.
    """
    opened = False
    with anyio.CancelScope(deadline=deadline(open_timeout)) as scope:
        async with AsyncExitStack() as inside:
            try:
                client = await inside.enter_async_context(await make_client(server, env, cwd, headers, inside))
            except (*UNREACHABLE, ValueError, RuntimeError) as error:
                raise MCPServerError(
                    f"the MCP server {server_name(server)} cannot be reached: {root_cause(error)}. "
                    "Check its command or URL, and that it is an MCP server."
                ) from error
            opened, scope.deadline = True, math.inf
            yield client
            scope.deadline = deadline(CLOSING)
    if scope.cancelled_caught and not opened:
        raise MCPTimeoutError(
            f"the MCP server {server_name(server)} did not open within {open_timeout:g} seconds. "
            "Check that it runs, or raise open_timeout.",
            limit="open",
        )


def deadline(seconds: float | None) -> float:
    """Return a time on the event loop's clock."""
    return math.inf if seconds is None else anyio.current_time() + seconds


async def make_client(
    server: str | Sequence[str],
    env: Mapping[str, str] | None,
    cwd: str | None,
    headers: Mapping[str, str],
    inside: AsyncExitStack,
) -> Client:
    if isinstance(server, str):
        http = await inside.enter_async_context(
            httpx2.AsyncClient(
                headers={"accept-encoding": "identity", **headers},
                timeout=TIMEOUT,
                event_hooks={"response": [bound_response]},
            )
        )
        return Client(streamable_http_client(server, http_client=http))
    command, *arguments = server
    return Client(
        StdioServerParameters(
            command=command,
            args=arguments,
            env=dict(env) if env else None,
            cwd=cwd,
            # With "strict", one wrong byte ends the package's reading task, and later requests wait forever.
            encoding_error_handler="replace",
        )
    )


def root_cause(error: BaseException) -> BaseException:
    """Return the first error inside exception groups."""
    return root_cause(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


async def list_tools(client: Client, server: str, timeout: float | None, most: int) -> list[Any]:
    """Return every tool, each name once.

    Raises:
        MCPTimeoutError: If listing took longer than `timeout` seconds.
        MCPServerError: If there are more than `most` tools, pages repeat, or the server failed.
    """
    try:
        with anyio.fail_after(timeout):
            return await read_pages(client, server, most)
    except TimeoutError as error:
        raise MCPTimeoutError(
            f"the MCP server {server} did not list its tools within {timeout:g} seconds. "
            "Check that it runs, or raise list_timeout.",
            limit="list",
        ) from error
    except (*UNREACHABLE, ValidationError) as error:
        raise MCPServerError(f"the MCP server {server} did not list its tools: {root_cause(error)}") from error


async def call_tool(client: Client, server: str, name: str, arguments: dict[str, Any]) -> Any:
    """Call a tool and return its result.

    Raises:
        ConfigurationError: If the arguments cannot be written as JSON; sending them would end the connection.
        MCPServerError: If the server answered with an error, with no valid result, or is gone.
    """
    try:
        to_json(arguments)
    except PydanticSerializationError as error:
        raise ConfigurationError(
            f"the MCP server {server}: the arguments of {name!r} cannot be written as JSON: {error}. "
            "Pass JSON values, and text without lone surrogates."
        ) from error
    try:
        return await client.call_tool(name, arguments)
    except ValidationError as error:
        place, problem = ".".join(map(str, error.errors()[0]["loc"])), error.errors()[0]["msg"]
        raise MCPServerError(
            f"the MCP server {server} did not answer the call of {name!r} with a tool result: {place}: {problem}. "
            "Report this to the author of the server."
        ) from error
    except (*UNREACHABLE, ValueError) as error:
        raise MCPServerError(
            f"the MCP server {server} did not run the tool {name!r}: {root_cause(error)}. "
            "Check the arguments and the output of the server."
        ) from error


async def read_pages(client: Client, server: str, most: int) -> list[Any]:
    listed: dict[str, Any] = {}
    cursors: set[str] = set()
    cursor: str | None = None
    while True:
        page = await client.list_tools(cursor=cursor)
        for tool in page.tools:
            listed.setdefault(tool.name, tool)
        cursor = page.next_cursor
        if cursor and cursor in cursors:
            raise MCPServerError(f"the MCP server {server} repeats its pages of tools")
        cursors.add(cursor or "")
        if len(listed) <= most and not cursor:
            return list(listed.values())
        if len(listed) > most or len(cursors) > most:
            raise MCPServerError(
                f"the MCP server {server} lists more than {most} tools or pages. Raise max_tools to allow more."
            )
