"""MCP servers, run as a subprocess or reached by URL, whose tools a model can call, and their results."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, ExitStack, contextmanager
from types import NoneType
from typing import TYPE_CHECKING, Any, Literal, Self

from anyio import get_cancelled_exc_class
from anyio.from_thread import BlockingPortal, start_blocking_portal
from pydantic import ValidationError

from ..errors import ConfigurationError, InvalidSchemaError, MCPServerError, SyncAsyncMismatchError
from ..providers.target import given_headers
from ..types.content.parts import AudioContent, FileContent, ImageContent, ResultPart, TextContent, ToolResultContent
from ..types.model_base import require_type
from ..types.tools.tool import Tool
from ..wire.secrets import SecretAddress, SecretText, secret_headers, shown_address

if TYPE_CHECKING:
    from mcp import Client


def server_name(server: str | Sequence[str]) -> str:
    """Return the server's name for messages: its command, or its URL without the query, which may contain a key."""
    return shown_address(server) if isinstance(server, str) else repr(server[0])


ILLEGAL = re.compile(r"[^A-Za-z0-9_-]")
LONGEST_NAME = 64
HASH_LENGTH = 6


def legal_names(names: Sequence[str], prefix: str) -> list[str]:
    """Return a unique name for each tool that all providers accept.

    A valid name is unchanged. In others, invalid characters become `_`; if that makes two equal or a name is cut off, a
    hash of the original name is appended, so that a tool has the same name in every session.
    """
    wanted = [prefix + name for name in names]
    plain = [ILLEGAL.sub("_", name) for name in wanted]
    shared = Counter(name[:LONGEST_NAME] for name in plain)
    given = {name for name in wanted if is_legal(name)}
    return [
        name if is_legal(name) else hashed(name, simple) if needs_hash(simple, shared, given) else simple
        for name, simple in zip(wanted, plain, strict=True)
    ]


def is_legal(name: str) -> bool:
    return 0 < len(name) <= LONGEST_NAME and not ILLEGAL.search(name)


def needs_hash(simple: str, shared: Counter[str], given: set[str]) -> bool:
    return not simple or len(simple) > LONGEST_NAME or shared[simple] > 1 or simple in given


def hashed(name: str, simple: str) -> str:
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:HASH_LENGTH]
    return f"{simple[: LONGEST_NAME - HASH_LENGTH - 1] or 'tool'}_{digest}"


def read_contents(result: Any) -> ToolResultContent:
    """Convert text, images and audio; use the structured value if there is no content.

    Raises:
        ValueError: If media are not base64, or not of a media type that a part can have.
    """
    parts = [read_block(block) for block in result.content]
    if len(parts) == 1 and isinstance(parts[0], TextContent):
        return ToolResultContent(call_id="", output=parts[0].text, is_error=bool(result.is_error))
    if not parts:
        return ToolResultContent(call_id="", output=result.structured_content or "null", is_error=bool(result.is_error))
    return ToolResultContent(call_id="", contents=parts, is_error=bool(result.is_error))


def read_block(block: Any) -> ResultPart:
    match block.type:
        case "text":
            return TextContent(text=block.text)
        case "image":
            return ImageContent(data=read_base64(block.data), mime_type=block.mime_type)
        case "audio":
            return AudioContent(data=read_base64(block.data), mime_type=block.mime_type)
        case "resource_link":
            return TextContent(text=f"{block.name}: {block.uri}")
        case "resource":
            return read_resource(block.resource)
        case _:
            return TextContent(text=block.model_dump_json(by_alias=True, exclude_none=True))


def read_resource(resource: Any) -> ResultPart:
    name = str(resource.uri)
    if getattr(resource, "text", None) is not None:
        return TextContent(text=f"{name}:\n{resource.text}")
    return FileContent(data=read_base64(resource.blob), mime_type=resource.mime_type, name=name)


def read_base64(text: str) -> bytes:
    """Decode base64, which some servers break into lines."""
    return base64.b64decode("".join(text.split()), validate=True)


class MCPServer:
    """Connection to an MCP server; use it with `with` in sync code and `async with` in async code.

    Exceptions raised inside the block are not wrapped.

    Args:
        server: A command with its arguments, or a URL.
        env: Environment variables of the subprocess.
        cwd: Working directory of the subprocess.
        headers: Headers of every request to a URL.
        prefix: Prefix of the tool names. Characters that providers do not accept become `_`; if that makes two names
            equal, a hash of the original name is appended.
        allowed: Names of the tools to offer, as the server lists them; empty (default) means all.
        needs_approval: Whether to ask before each call; `"changes"` asks only before tools that may change something.
        timeout: Longest time of a tool call in seconds; None (default) for no limit.
        open_timeout: Longest time to connect in seconds (default 60); None for no limit.
        list_timeout: Longest time to list all tools in seconds (default 60); None for no limit.
        max_tools: Most tools, and most pages of them, to read (default 1000).

    Raises:
        MCPTimeoutError: If opening or listing took too long.
        MCPServerError: If the server cannot be reached or violates the protocol.
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
        require_type("MCPServer", "server", server, (str, list, tuple), "an address, or a command as a list")
        require_type("MCPServer", "env", env, (Mapping, NoneType), "a mapping of variables or None")
        require_type("MCPServer", "headers", headers, (Mapping, NoneType), "a mapping of headers or None")
        require_type("MCPServer", "allowed", allowed, (list, tuple), "a list of names of tools")
        # Arguments of a command may be secrets, as may be what stands in an address.
        self._server: str | Sequence[str] = (
            SecretAddress(server) if isinstance(server, str) else [*server[:1], *map(SecretText, server[1:])]
        )
        self._env = secret_headers(env) if env is not None else None
        self._cwd = cwd
        self._headers = given_headers(headers or {}, "the headers of an MCP server")
        self._prefix = prefix
        self._allowed = tuple(allowed)
        self._needs_approval: bool | Literal["changes"] = needs_approval
        self._timeout = timeout
        self._open_timeout = open_timeout
        self._list_timeout = list_timeout
        self._max_tools = max_tools
        self._client: Client | None = None
        self._portal: BlockingPortal | None = None
        self._inside: ExitStack | AsyncExitStack = ExitStack()

    def __enter__(self) -> Self:
        """Open the connection on an event loop in a new thread, which ends with it."""
        inside = ExitStack()
        with inside:
            portal = inside.enter_context(start_blocking_portal())
            self._client = inside.enter_context(portal.wrap_async_context_manager(self._connection()))
            self._portal, self._inside = portal, inside.pop_all()
        return self

    def __exit__(self, *exception: Any) -> None:
        """Close the connection; task groups never see the caller's exception, which they would wrap."""
        inside, self._client, self._portal = self._inside, None, None
        self._inside = ExitStack()
        if isinstance(inside, ExitStack):
            with unwrapped(self._server, raised=exception[1] is not None):
                inside.__exit__(None, None, None)

    async def __aenter__(self) -> Self:
        inside = AsyncExitStack()
        async with inside:
            self._client = await inside.enter_async_context(self._connection())
            self._inside = inside.pop_all()
        return self

    async def __aexit__(self, *exception: Any) -> None:
        """Close the connection; task groups see only cancellations, which they must handle."""
        inside, self._client = self._inside, None
        self._inside = AsyncExitStack()
        if isinstance(inside, AsyncExitStack):
            cancelled = is_cancellation(exception[1])
            with unwrapped(self._server, raised=exception[1] is not None and not cancelled):
                await inside.__aexit__(*(exception if cancelled else (None, None, None)))

    def tools(self) -> list[Tool]:
        """Return the server's tools for sync code.

        Raises:
            SyncAsyncMismatchError: If the server was not opened with `with`.
        """
        if self._portal is None:
            raise SyncAsyncMismatchError(
                "the MCP server is not open for sync code. Use `with`, or `await tools_async()`."
            )
        return self._make_tools(self._portal.call(self._list_tools), self._caller)

    async def tools_async(self) -> list[Tool]:
        """Return the server's tools for async code."""
        return self._make_tools(await self._list_tools(), self._async_caller)

    def _connection(self) -> AbstractAsyncContextManager[Client]:
        try:
            from .session import connection
        except ImportError as error:
            raise ConfigurationError("MCP servers need the package mcp: pip install 'dhenara[mcp]'") from error
        return connection(self._server, self._env, self._cwd, self._headers, self._open_timeout)

    async def _list_tools(self) -> list[Any]:
        """Return the tools of all pages."""
        from .session import list_tools

        return await list_tools(self._open(), server_name(self._server), self._list_timeout, self._max_tools)

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
                f"the MCP server {server_name(self._server)}: {error}. Exclude the tool with allowed=[...]."
            ) from error

    def _requires_approval(self, tool: Any) -> bool:
        if self._needs_approval == "changes":
            return not (tool.annotations is not None and tool.annotations.read_only_hint)
        return self._needs_approval

    def _caller(self, name: str) -> Callable[..., ToolResultContent]:
        def call(**arguments: Any) -> ToolResultContent:
            if self._portal is None:
                raise ConfigurationError(f"the MCP server of {name!r} is closed")
            result: ToolResultContent = self._portal.call(self._call_tool, name, arguments)
            return result

        return call

    def _async_caller(self, name: str) -> Callable[..., Any]:
        async def call(**arguments: Any) -> ToolResultContent:
            return await self._call_tool(name, arguments)

        return call

    async def _call_tool(self, name: str, arguments: dict[str, Any]) -> ToolResultContent:
        from .session import call_tool

        server = server_name(self._server)
        result = await call_tool(self._open(), server, name, arguments)
        try:
            return read_contents(result)
        except ValueError as error:
            reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
            raise MCPServerError(
                f"the MCP server {server} answered the call of {name!r} with a part that cannot be read: {reason}. "
                "Report this to the author of the server."
            ) from error

    def _open(self) -> Client:
        if self._client is None:
            raise ConfigurationError("the MCP server is not open. Use `with` or `async with`.")
        return self._client


def is_cancellation(error: BaseException | None) -> bool:
    return isinstance(error, get_cancelled_exc_class())


@contextmanager
def unwrapped(server: str | Sequence[str], raised: bool) -> Iterator[None]:
    """Raise an error while closing without exception groups; suppress it if the block already raised."""
    try:
        yield
    except BaseException as error:
        cause = leaf_of(error)
        if not isinstance(cause, Exception):
            raise cause from None
        if not raised:
            raise MCPServerError(f"the MCP server {server_name(server)} did not close: {cause}") from error


def leaf_of(error: BaseException) -> BaseException:
    """Return the first exception in a group."""
    return leaf_of(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error
