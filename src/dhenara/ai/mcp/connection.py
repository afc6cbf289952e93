"""The connection to an MCP server, as the package mcp makes it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import httpx2
from mcp.client.streamable_http import streamable_http_client

from mcp import Client, MCPError, StdioServerParameters

from ..errors import ConfigurationError
from ..wire.secrets import shown_address

# A server may hold its answer open while a tool runs.
PATIENCE = httpx2.Timeout(30, read=300)


@asynccontextmanager
async def connection(
    server: str | Sequence[str], env: Mapping[str, str] | None, cwd: str | None, headers: Mapping[str, str]
) -> AsyncIterator[Client]:
    """An open client; what cannot be opened is told in words."""
    async with AsyncExitStack() as inside:
        try:
            client = await inside.enter_async_context(await made(server, env, cwd, headers, inside))
        except (OSError, httpx2.HTTPError, MCPError, ExceptionGroup) as error:
            raise ConfigurationError(f"the MCP server {named(server)} cannot be reached: {cause(error)}") from error
        yield client


async def made(
    server: str | Sequence[str],
    env: Mapping[str, str] | None,
    cwd: str | None,
    headers: Mapping[str, str],
    inside: AsyncExitStack,
) -> Client:
    if isinstance(server, str):
        http = await inside.enter_async_context(httpx2.AsyncClient(headers=dict(headers), timeout=PATIENCE))
        return Client(streamable_http_client(server, http_client=http))
    command, *arguments = server
    return Client(StdioServerParameters(command=command, args=arguments, env=dict(env) if env else None, cwd=cwd))


def cause(error: Exception) -> Exception:
    """What went wrong, out of the groups in which tasks report it."""
    return cause(error.exceptions[0]) if isinstance(error, ExceptionGroup) else error


def named(server: str | Sequence[str]) -> str:
    return shown_address(server) if isinstance(server, str) else repr(server[0])
