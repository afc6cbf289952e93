"""MCP servers of your own: a process beside yours or an address, whose tools a model may call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Literal, Self

from ..errors import ConfigurationError, InvalidSchemaError, MCPServerError, SyncAsyncMismatchError
from ..providers.headers import given_headers
from ..types.content import ToolResultContent
from ..types.tool import Tool
from ..wire.secrets import SecretAddress, SecretText, secret_headers, shown_address
from .results import read_contents

if TYPE_CHECKING:
    from anyio.from_thread import BlockingPortal

    from mcp import Client


class MCPServer:
    """Use with `with` in sync code and with `async with` in async code; the connection lasts as long.

    An exception inside of `with` comes out as it is.

    Args:
        server: A command with its arguments, or a URL.
        env: Environment variables of the process.
        cwd: The folder that the process runs in.
        headers: Headers of every request to a URL.
        prefix: What stands before the names of its tools. Letters that providers do not take become `_`, and where
            that would make two names alike, a hash of the original name tells them apart.
        allowed: The only tools that are offered, by the names that the server gives them; all of them when empty.
        needs_approval: Whether to ask before each call, or with "changes" before those that may change something.
        timeout: The longest that a call of a tool may take, in seconds; None for no limit.
        open_timeout: The longest that opening the connection may take, in seconds; None for no limit.
        list_timeout: The longest that listing the tools may take, all pages together; None for no limit.
        max_tools: The most tools, and the most pages of them, that are read.

    Raises:
        MCPTimeoutError: Opening or listing took too long.
        MCPServerError: The server cannot be reached, or does not keep to the protocol.
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
        open_timeout: float | None = 60.0,
        list_timeout: float | None = 60.0,
        max_tools: int = 1000,
    ) -> None:
        # Arguments of a command may be secrets, as may be what stands in an address.
        self._server: str | Sequence[str] = (
            SecretAddress(server) if isinstance(server, str) else [*server[:1], *map(SecretText, server[1:])]
        )
        self._env = secret_headers(env) if env is not None else None
        self._cwd = cwd
        self._headers = given_headers(headers or {}, "the headers of an MCP server")
        self._prefix = prefix
        self._allowed = tuple(allowed)
        self._needs_approval = needs_approval
        self._timeout = timeout
        self._open_timeout = open_timeout
        self._list_timeout = list_timeout
        self._max_tools = max_tools
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
        """Closes the connection. The task groups inside never see an exception of the caller, which they would wrap."""
        inside, self._client, self._portal = self._inside, None, None
        self._inside = ExitStack()
        if isinstance(inside, ExitStack):
            with unwrapped(self._server, raised=about[1] is not None):
                inside.__exit__(None, None, None)

    async def __aenter__(self) -> Self:
        inside = AsyncExitStack()
        async with inside:
            self._client = await inside.enter_async_context(self._connection())
            self._inside = inside.pop_all()
        return self

    async def __aexit__(self, *about: Any) -> None:
        """Closes the connection. Task groups see a cancellation, which is theirs to end, and no other exception."""
        inside, self._client = self._inside, None
        self._inside = AsyncExitStack()
        if isinstance(inside, AsyncExitStack):
            cancelled = is_cancellation(about[1])
            with unwrapped(self._server, raised=about[1] is not None and not cancelled):
                await inside.__aexit__(*(about if cancelled else (None, None, None)))

    def tools(self) -> list[Tool]:
        """What the server offers, as tools for sync code."""
        if self._portal is None:
            raise SyncAsyncMismatchError(
                "this MCP server is not open for sync code; use `with`, or `await tools_async()`"
            )
        return self._make_tools(self._portal.call(self._list_tools), self._caller)

    async def tools_async(self) -> list[Tool]:
        """What the server offers, as tools for async code."""
        return self._make_tools(await self._list_tools(), self._async_caller)

    def _connection(self) -> AbstractAsyncContextManager[Client]:
        try:
            from .connection import connection
        except ImportError as error:
            raise ConfigurationError("MCP servers need the package mcp: pip install 'dhenara[mcp]'") from error
        return connection(self._server, self._env, self._cwd, self._headers, self._open_timeout)

    async def _list_tools(self) -> list[Any]:
        """Every page of the list."""
        from .listing import list_tools

        return await list_tools(self._open(), server_name(self._server), self._list_timeout, self._max_tools)

    def _make_tools(self, listed: Sequence[Any], caller: Callable[[str], Callable[..., Any]]) -> list[Tool]:
        """The tools that are allowed. Names are made of all that are listed, so that they do not depend on these."""
        from .listing import legal_names

        names = legal_names([tool.name for tool in listed], self._prefix)
        return [
            self._tool(tool, name, caller)
            for tool, name in zip(listed, names, strict=True)
            if not self._allowed or tool.name in self._allowed
        ]

    def _tool(self, tool: Any, name: str, caller: Callable[[str], Callable[..., Any]]) -> Tool:
        try:
            return Tool.from_schema(
                tool.input_schema,
                caller(tool.name),
                name=name,
                description=tool.description or tool.title,
                needs_approval=self._requires_approval(tool),
                timeout=self._timeout,
            )
        except InvalidSchemaError as error:
            raise InvalidSchemaError(
                f"the MCP server {server_name(self._server)}: {error}. Leave the tool out: allowed=[...]"
            ) from error

    def _requires_approval(self, tool: Any) -> bool:
        if self._needs_approval == "changes":
            return not (tool.annotations is not None and tool.annotations.read_only_hint)
        return self._needs_approval

    def _caller(self, name: str) -> Callable[..., ToolResultContent]:
        def call(**arguments: Any) -> ToolResultContent:
            if self._portal is None:
                raise ConfigurationError(f"the MCP server of {name!r} is closed")
            match: ToolResultContent = self._portal.call(self._call_tool, name, arguments)
            return match

        return call

    def _async_caller(self, name: str) -> Callable[..., Any]:
        async def call(**arguments: Any) -> ToolResultContent:
            return await self._call_tool(name, arguments)

        return call

    async def _call_tool(self, name: str, arguments: dict[str, Any]) -> ToolResultContent:
        return read_contents(await self._open().call_tool(name, arguments))

    def _open(self) -> Client:
        if self._client is None:
            raise ConfigurationError("this MCP server is not open: use it with `with` or `async with`")
        return self._client


def server_name(server: str | Sequence[str]) -> str:
    """The server for messages: its command, or its address without the query, which may hold a key."""
    return shown_address(server) if isinstance(server, str) else repr(server[0])


def is_cancellation(error: BaseException | None) -> bool:
    from anyio import get_cancelled_exc_class

    return isinstance(error, get_cancelled_exc_class())


@contextmanager
def unwrapped(server: str | Sequence[str], raised: bool) -> Iterator[None]:
    """What goes wrong while closing, out of the groups of the tasks; nothing where an exception is on its way out."""
    try:
        yield
    except BaseException as error:
        cause = leaf_of(error)
        if not isinstance(cause, Exception):
            raise cause from None
        if not raised:
            raise MCPServerError(f"the MCP server {server_name(server)} did not close: {cause}") from error


def leaf_of(error: BaseException) -> BaseException:
    """The first exception in a group."""
    return leaf_of(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error
