"""Connects to an MCP server with the package mcp."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import anyio
import httpx2
from mcp.client.streamable_http import streamable_http_client

from mcp import Client, MCPError, StdioServerParameters

from ..errors import MCPServerError, MCPTimeoutError
from ..wire.secrets import shown_address
from .bounded_http import bound_response

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
    it,
    whose deadline is first that of opening, then none, then that of closing.

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
                    "Check its command or URL, and that it speaks MCP."
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
    return Client(StdioServerParameters(command=command, args=arguments, env=dict(env) if env else None, cwd=cwd))


def root_cause(error: BaseException) -> BaseException:
    """Return the first error inside exception groups."""
    return root_cause(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


def server_name(server: str | Sequence[str]) -> str:
    return shown_address(server) if isinstance(server, str) else repr(server[0])
