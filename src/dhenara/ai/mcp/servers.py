"""MCP servers of your own: a process beside yours or an address, whose tools a model may call."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, ExitStack
from typing import TYPE_CHECKING, Any, Literal, Self

from ..errors import ConfigurationError, WrongColourError
from ..providers.headers import given_headers
from ..types.content import ToolResultContent
from ..types.tool import Tool
from .results import read_contents

if TYPE_CHECKING:
    from anyio.from_thread import BlockingPortal

    from mcp import Client

ILLEGAL = re.compile(r"[^A-Za-z0-9_-]")


class MCPServer:
    """Use with `with` in sync code and with `async with` in async code; the connection lasts as long.

    `server` is a command with its arguments, or a URL. Its tools get `prefix` before their names, only those `allowed`
    are offered, and `needs_approval` asks before each call, or with "changes" before those that may change something.
    """

    def __init__(
        self,
        server: str | Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
        headers: Mapping[str, str] | None = None,
        prefix: str = "",
        allowed: Sequence[str] = (),
        needs_approval: bool | Literal["changes"] = False,
        timeout: float | None = None,
    ) -> None:
        self._server = server
        self._env = env
        self._cwd = cwd
        self._headers = given_headers(headers or {}, "the headers of an MCP server")
        self._prefix = prefix
        self._allowed = tuple(allowed)
        self._needs_approval = needs_approval
        self._timeout = timeout
        self._client: Client | None = None
        self._portal: BlockingPortal | None = None
        self._inside: ExitStack | AsyncExitStack = ExitStack()

    def __enter__(self) -> Self:
        """Opens the connection on an event loop in a thread of its own, which ends with it."""
        from anyio.from_thread import start_blocking_portal

        inside = ExitStack()
        with inside:
            portal = inside.enter_context(start_blocking_portal())
            self._client = inside.enter_context(portal.wrap_async_context_manager(self._connection()))
            self._portal, self._inside = portal, inside.pop_all()
        return self

    def __exit__(self, *about: Any) -> None:
        inside, self._client, self._portal = self._inside, None, None
        if isinstance(inside, ExitStack):
            inside.__exit__(*about)

    async def __aenter__(self) -> Self:
        inside = AsyncExitStack()
        async with inside:
            self._client = await inside.enter_async_context(self._connection())
            self._inside = inside.pop_all()
        return self

    async def __aexit__(self, *about: Any) -> None:
        inside, self._client = self._inside, None
        if isinstance(inside, AsyncExitStack):
            await inside.__aexit__(*about)

    def tools(self) -> list[Tool]:
        """What the server offers, as tools for sync code."""
        if self._portal is None:
            raise WrongColourError("this MCP server is not open for sync code; use `with`, or `await tools_async()`")
        return self._made(self._portal.call(self._listed), self._caller)

    async def tools_async(self) -> list[Tool]:
        """What the server offers, as tools for async code."""
        return self._made(await self._listed(), self._async_caller)

    def _connection(self) -> AbstractAsyncContextManager[Client]:
        try:
            from .connection import connection
        except ImportError as error:
            raise ConfigurationError("MCP servers need the package mcp: pip install 'dhenara[mcp]'") from error
        return connection(self._server, self._env, self._cwd, self._headers)

    async def _listed(self) -> list[Any]:
        """Every page of the list."""
        found: list[Any] = []
        cursor: str | None = None
        while True:
            page = await self._open().list_tools(cursor=cursor)
            found += page.tools
            cursor = page.next_cursor
            if not cursor:
                return [tool for tool in found if not self._allowed or tool.name in self._allowed]

    def _made(self, listed: Sequence[Any], caller: Callable[[str], Callable[..., Any]]) -> list[Tool]:
        return [
            Tool.from_schema(
                tool.input_schema,
                caller(tool.name),
                name=ILLEGAL.sub("_", self._prefix + tool.name)[:64],
                description=tool.description or tool.title,
                needs_approval=self._asks(tool),
                timeout=self._timeout,
            )
            for tool in listed
        ]

    def _asks(self, tool: Any) -> bool:
        if self._needs_approval == "changes":
            return not (tool.annotations is not None and tool.annotations.read_only_hint)
        return self._needs_approval

    def _caller(self, name: str) -> Callable[..., ToolResultContent]:
        def call(**arguments: Any) -> ToolResultContent:
            if self._portal is None:
                raise ConfigurationError(f"the MCP server of {name!r} is closed")
            found: ToolResultContent = self._portal.call(self._called, name, arguments)
            return found

        return call

    def _async_caller(self, name: str) -> Callable[..., Any]:
        async def call(**arguments: Any) -> ToolResultContent:
            return await self._called(name, arguments)

        return call

    async def _called(self, name: str, arguments: dict[str, Any]) -> ToolResultContent:
        return read_contents(await self._open().call_tool(name, arguments))

    def _open(self) -> Client:
        if self._client is None:
            raise ConfigurationError("this MCP server is not open: use it with `with` or `async with`")
        return self._client
