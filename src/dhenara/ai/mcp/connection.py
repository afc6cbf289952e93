"""The connection to an MCP server, as the package mcp makes it."""

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

# A server may hold its answer open while a tool runs.
TIMEOUT = httpx2.Timeout(30, read=300)
UNREACHABLE = (OSError, httpx2.HTTPError, MCPError, ExceptionGroup, anyio.ClosedResourceError, anyio.EndOfStream)
"""What the package raises when a server cannot be reached, or when it speaks another protocol."""

CLOSING = 10.0
"""Seconds that closing may take; a process that does not end by then is left to the operating system."""


@asynccontextmanager
async def connection(
    server: str | Sequence[str],
    env: Mapping[str, str] | None,
    cwd: str | None,
    headers: Mapping[str, str],
    open_timeout: float | None,
) -> AsyncIterator[Client]:
    """An open client.

    The task groups of the package live as long as the connection, so its time limits do, too: one scope around all of
    it, whose deadline is that of opening, then none, then that of closing.

    Raises:
        MCPTimeoutError: Opening took longer than `open_timeout`.
        MCPServerError: The server cannot be reached, or does not speak the protocol.
    """
    opened = False
    with anyio.CancelScope(deadline=deadline(open_timeout)) as scope:
        async with AsyncExitStack() as inside:
            try:
                client = await inside.enter_async_context(await make_client(server, env, cwd, headers, inside))
            except (*UNREACHABLE, ValueError, RuntimeError) as error:
                raise MCPServerError(
                    f"the MCP server {server_name(server)} cannot be reached: {root_cause(error)}. "
                    "Check its command or address, and that it speaks MCP."
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
    """A time on the clock of the event loop."""
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
    """What went wrong, out of the groups in which tasks report it."""
    return root_cause(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


def server_name(server: str | Sequence[str]) -> str:
    return shown_address(server) if isinstance(server, str) else repr(server[0])
