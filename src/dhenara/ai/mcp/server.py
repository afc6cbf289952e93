"""MCP servers, run as a subprocess or reached by URL: their tools, which a model can call, resources and prompts."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import AbstractAsyncContextManager, AsyncExitStack, ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

from anyio import CancelScope, get_cancelled_exc_class
from anyio.from_thread import BlockingPortal, start_blocking_portal

from ..errors import ConfigurationError, InvalidSchemaError, MCPServerError, SyncAsyncMismatchError
from ..providers.target import given_headers
from ..types.chat.message import Message
from ..types.content.parts import ResultPart, ToolResultContent
from ..types.model_base import require_type
from ..types.tools.tool import Tool
from ..wire.secrets import SecretAddress, SecretText, secret_headers
from .definitions import (
    MCPPrompt,
    MCPResource,
    MCPResourceTemplate,
    MCPServerSettings,
    TokenCache,
    TokenSource,
    check_limits,
    check_server,
    legal_names,
    read_definitions,
)

if TYPE_CHECKING:
    from .requests import MCPRequests

Value = TypeVar("Value")


def load_mcp_servers(path: str | os.PathLike[str], **options: Any) -> dict[str, MCPServer]:
    """Read MCP servers from a file as other clients have it: `{"mcpServers": {name: {"command": ..., "args": [...]}}}`.

    A server has `command` with `args`, `env` and `cwd`, or `url` with `headers`. In all texts, `${NAME}` and
    `${NAME:-default}` are replaced by environment variables.

    Args:
        path: The file.
        **options: Other arguments of each `MCPServer`, such as `needs_approval`.

    Returns:
        The servers by name, not opened. Unless `prefix` is given, the names of their tools begin with `name_`.

    Raises:
        ConfigurationError: If the file is not as expected, or names a variable that is not set.
    """
    definitions = read_definitions(path, os.environ)
    return {name: MCPServer(**{"prefix": f"{name}_", **given, **options}) for name, given in definitions.items()}


class MCPServer:
    """Connection to an MCP server; use it with `with` in sync code and `async with` in async code.

    A connection that ended is opened again for the next request. Exceptions raised inside the block are not wrapped.

    Args:
        server: A command with its arguments, or a URL.
        env: Environment variables of the subprocess.
        cwd: Working directory of the subprocess.
        headers: Headers of every request to a URL.
        token: OAuth token for a URL, or a function, sync or async, that returns one. It is called again if the server
            refuses the token, once for each request.
        prefix: Prefix of the tool names. Characters that providers do not accept become `_`; if that makes two names
            equal, a hash of the original name is appended.
        allowed: Names of the tools to offer, as the server lists them; empty (default) means all.
        needs_approval: Whether to ask before each call; `"changes"` asks only before tools that may change something.
        timeout: Longest time of a tool call in seconds; None (default) for no limit. The server is notified of the end.
        open_timeout: Longest time to connect in seconds (default 60); None for no limit.
        list_timeout: Longest time to list all tools in seconds (default 60); None for no limit.
        max_tools: Most tools, and most pages of them, to read (default 1000).
        max_message_bytes: Largest message of the server in bytes (default 10,000,000); a larger result is an error of
            its call.
        reconnects: How often in a row a connection that ended is opened again (default 3); 0 for never. A tool call
            that may have reached the server is never sent again.

    Raises:
        MCPTimeoutError: If opening, listing or a call took too long.
        MCPServerError: If the server cannot be reached or violates the protocol.
    """

    def __init__(
        self,
        server: str | Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
        headers: Mapping[str, str] | None = None,
        token: TokenSource | None = None,
        prefix: str = "",
        allowed: Sequence[str] = (),
        needs_approval: bool | Literal["changes"] = False,
        timeout: float | None = None,
        open_timeout: float | None = 60.0,
        list_timeout: float | None = 60.0,
        max_tools: int = 1000,
        max_message_bytes: int = 10_000_000,
        reconnects: int = 3,
    ) -> None:
        check_server(server, env, headers, token, needs_approval)
        check_limits(timeout, open_timeout, list_timeout, max_tools, max_message_bytes, reconnects)
        require_type("MCPServer", "allowed", allowed, (list, tuple), "a list of names of tools")
        self._settings = MCPServerSettings(
            # Arguments of a command may be secrets, as may be what stands in an address.
            server=SecretAddress(server) if isinstance(server, str) else [*server[:1], *map(SecretText, server[1:])],
            env=secret_headers(env or {}),
            cwd=cwd,
            headers=given_headers(headers or {}, "the headers of an MCP server"),
            tokens=None if token is None else TokenCache(SecretText(token) if isinstance(token, str) else token),
            open_timeout=open_timeout,
            list_timeout=list_timeout,
            max_tools=max_tools,
            max_message_bytes=max_message_bytes,
            reconnects=reconnects,
        )
        self._prefix = prefix
        self._allowed = tuple(allowed)
        self._needs_approval: bool | Literal["changes"] = needs_approval
        self._timeout = timeout
        self._requests: MCPRequests | None = None
        self._portal: BlockingPortal | None = None
        self._inside: ExitStack | AsyncExitStack = ExitStack()

    def __repr__(self) -> str:
        return f"MCPServer({self._settings.name})"

    def __enter__(self) -> Self:
        """Open the connection on an event loop in a new thread."""
        inside = ExitStack()
        with inside:
            portal = inside.enter_context(start_blocking_portal())
            self._requests = inside.enter_context(portal.wrap_async_context_manager(self._connection()))
            self._portal, self._inside = portal, inside.pop_all()
        return self

    def __exit__(self, *exception: Any) -> None:
        """Close the connection; task groups never see the caller's exception, which they would wrap."""
        inside, self._requests, self._portal = self._inside, None, None
        self._inside = ExitStack()
        if isinstance(inside, ExitStack):
            with unwrapped(self._settings.name, raised=exception[1] is not None):
                inside.__exit__(None, None, None)

    async def __aenter__(self) -> Self:
        inside = AsyncExitStack()
        async with inside:
            self._requests = await inside.enter_async_context(self._connection())
            self._inside = inside.pop_all()
        return self

    async def __aexit__(self, *exception: Any) -> None:
        """Close the connection; task groups see only cancellations, which they must handle."""
        inside, self._requests = self._inside, None
        self._inside = AsyncExitStack()
        if isinstance(inside, AsyncExitStack):
            cancelled = is_cancellation(exception[1])
            with unwrapped(self._settings.name, raised=exception[1] is not None and not cancelled):
                await inside.__aexit__(*(exception if cancelled else (None, None, None)))

    @property
    def tools_changed(self) -> bool:
        """Whether the server said that its tools changed since they were last listed; `tools()` lists them again."""
        return self._requests is not None and self._requests.tools_changed

    def tools(self) -> list[Tool]:
        """List the server's tools for sync code, with functions that call them.

        Raises:
            SyncAsyncMismatchError: If the server was not opened with `with`.
        """
        return self._make_tools(self._wait(self._open().tools), self._caller)

    async def tools_async(self) -> list[Tool]:
        """Async version of `tools`."""
        return self._make_tools(await self._open_async().tools(), self._async_caller)

    def resources(self) -> list[MCPResource]:
        """List the server's resources; none if it does not have any."""
        return self._wait(self._open().resources)

    async def resources_async(self) -> list[MCPResource]:
        """Async version of `resources`."""
        return await self._open_async().resources()

    def resource_templates(self) -> list[MCPResourceTemplate]:
        """List the templates of addresses of the server's resources."""
        return self._wait(self._open().resource_templates)

    async def resource_templates_async(self) -> list[MCPResourceTemplate]:
        """Async version of `resource_templates`."""
        return await self._open_async().resource_templates()

    def read_resource(self, uri: str) -> list[ResultPart]:
        """Read a resource.

        Args:
            uri: Its address, as listed or made from a template.

        Returns:
            Its content as parts of a message: text, images, audio and files.
        """
        return self._wait(self._open().read_resource, uri, self._timeout)

    async def read_resource_async(self, uri: str) -> list[ResultPart]:
        """Async version of `read_resource`."""
        return await self._open_async().read_resource(uri, self._timeout)

    def prompts(self) -> list[MCPPrompt]:
        """List the server's prompts; none if it does not have any."""
        return self._wait(self._open().prompts)

    async def prompts_async(self) -> list[MCPPrompt]:
        """Async version of `prompts`."""
        return await self._open_async().prompts()

    def get_prompt(self, name: str, arguments: Mapping[str, str] | None = None) -> list[Message]:
        """Get a prompt with its arguments filled in.

        Args:
            name: Its name.
            arguments: Its arguments. Default None: none.

        Returns:
            Its messages, for `messages=`.
        """
        return self._wait(self._open().get_prompt, name, arguments or {}, self._timeout)

    async def get_prompt_async(self, name: str, arguments: Mapping[str, str] | None = None) -> list[Message]:
        """Async version of `get_prompt`."""
        return await self._open_async().get_prompt(name, arguments or {}, self._timeout)

    def _connection(self) -> AbstractAsyncContextManager[MCPRequests]:
        try:
            from .requests import open_requests
        except ImportError as error:
            raise ConfigurationError("MCP servers need the package mcp: pip install 'dhenara[mcp]'") from error
        return open_requests(self._settings)

    def _wait(self, request: Callable[..., Awaitable[Value]], *args: Any) -> Value:
        """Wait for a request that runs on the loop of the connection; Ctrl-C cancels it, whenever it comes."""
        assert self._portal is not None
        portal, scopes, interrupted = self._portal, list[CancelScope](), False

        async def run_request() -> Value:
            with CancelScope() as scope:
                scopes.append(scope)
                if interrupted:
                    scope.cancel()
                return await request(*args)
            raise CancelledError

        try:
            return portal.call(run_request)
        except (KeyboardInterrupt, SystemExit):
            interrupted = True
            for scope in scopes:
                portal.start_task_soon(scope.cancel)
            raise

    def _make_tools(self, listed: Sequence[Any], caller: Callable[[str], Callable[..., Any]]) -> list[Tool]:
        """Return the allowed tools; names are made from all listed tools, so that `allowed` does not change them."""
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
                f"the MCP server {self._settings.name}: {error}. Exclude the tool with allowed=[...]."
            ) from error

    def _requires_approval(self, tool: Any) -> bool:
        if self._needs_approval == "changes":
            return not (tool.annotations is not None and tool.annotations.read_only_hint)
        return self._needs_approval

    def _caller(self, name: str) -> Callable[..., ToolResultContent]:
        def call(**arguments: Any) -> ToolResultContent:
            if self._portal is None or self._requests is None:
                raise ConfigurationError(f"the MCP server of {name!r} is closed")
            return self._wait(self._requests.call_tool, name, arguments, self._timeout)

        return call

    def _async_caller(self, name: str) -> Callable[..., Any]:
        async def call(**arguments: Any) -> ToolResultContent:
            return await self._open_async().call_tool(name, arguments, self._timeout)

        return call

    def _open(self) -> MCPRequests:
        if self._portal is None or self._requests is None:
            raise SyncAsyncMismatchError(
                "the MCP server is not open for sync code. Use `with`, or the async version of the method."
            )
        return self._requests

    def _open_async(self) -> MCPRequests:
        if self._requests is None or self._portal is not None:
            raise ConfigurationError("the MCP server is not open for async code. Use `async with`.")
        return self._requests


def is_cancellation(error: BaseException | None) -> bool:
    return isinstance(error, get_cancelled_exc_class())


@contextmanager
def unwrapped(server: str, raised: bool) -> Iterator[None]:
    """Raise an error while closing without exception groups; suppress it if the block already raised."""
    try:
        yield
    except BaseException as error:
        cause = leaf_of(error)
        if not isinstance(cause, Exception):
            raise cause from None
        if not raised:
            raise MCPServerError(f"the MCP server {server} did not close: {cause}") from error


def leaf_of(error: BaseException) -> BaseException:
    """Return the first exception in a group."""
    return leaf_of(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error
