"""Requests to an MCP server within time and size limits, and their results as types of this library."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import anyio
from mcp.types import PARSE_ERROR
from pydantic import ValidationError
from pydantic_core import PydanticSerializationError, to_json

from mcp import Client, MCPError

from ..errors import ConfigurationError, DhenaraError, MCPServerError, MCPTimeoutError
from ..types.chat.message import Message
from ..types.content.parts import AudioContent, FileContent, ImageContent, ResultPart, TextContent, ToolResultContent
from ..wire import json
from .definitions import MCPPrompt, MCPPromptArgument, MCPResource, MCPResourceTemplate, MCPServerSettings
from .session import FAILURES, Session, root_cause, shorten
from .transports import describe

Value = TypeVar("Value")
STRUCTURED = "structured_content"
"""Entry of `extras` with the structured value of a tool result."""


@asynccontextmanager
async def open_requests(settings: MCPServerSettings) -> AsyncIterator[MCPRequests]:
    """Connect to a server; the connection ends with the block.

    Raises:
        MCPTimeoutError: If opening took longer than `open_timeout`.
        MCPServerError: If the server cannot be reached or violates the protocol.
    """
    failure: DhenaraError | None = None
    async with anyio.create_task_group() as group:
        session = Session(settings, group)
        try:
            await session.open()
        except DhenaraError as error:  # the group would wrap it
            failure = error
        else:
            yield MCPRequests(session, settings)
            session.close()
    if failure is not None:
        raise failure


class MCPRequests:
    """The requests to one server."""

    def __init__(self, session: Session, settings: MCPServerSettings) -> None:
        self._session = session
        self._settings = settings

    @property
    def tools_changed(self) -> bool:
        """Whether the server said that its tools changed since they were last listed."""
        return self._session.tools_changed

    async def tools(self) -> list[Any]:
        """Return every tool, each name once; new connections list them too, because results need their schemas."""
        self._session.tools_changed = False
        listed = await self._list("tools")
        self._session.on_open = lambda client: read_pages(client, "tools", self._settings)
        return listed

    async def resources(self) -> list[MCPResource]:
        return [read_entry(MCPResource, one) for one in await self._list("resources")]

    async def resource_templates(self) -> list[MCPResourceTemplate]:
        return [read_entry(MCPResourceTemplate, one) for one in await self._list("resource_templates")]

    async def prompts(self) -> list[MCPPrompt]:
        return [read_prompt(one) for one in await self._list("prompts")]

    async def read_resource(self, uri: str, timeout: float | None) -> list[ResultPart]:
        what = f"return the resource {shorten(uri)!r}"
        result = await self._ask(what, lambda client: client.read_resource(uri), timeout, "call")
        return self._read(f"the request of {shorten(uri)!r}", lambda: [read_resource(one) for one in result.contents])

    async def get_prompt(self, name: str, arguments: Mapping[str, str], timeout: float | None) -> list[Message]:
        what = f"return the prompt {name!r}"
        result = await self._ask(what, lambda client: client.get_prompt(name, dict(arguments)), timeout, "call")
        return self._read(
            f"the request of {name!r}",
            lambda: [Message(role=one.role, contents=[read_block(one.content)]) for one in result.messages],
        )

    async def call_tool(self, name: str, arguments: dict[str, Any], timeout: float | None) -> ToolResultContent:
        """Call a tool; if this is cancelled or late, the server is notified.

        Raises:
            ConfigurationError: If the arguments cannot be written as JSON; sending them would end the connection.
            MCPTimeoutError: If the call took longer than `timeout` seconds.
            MCPServerError: If the server answered with an error, with no valid result, or is gone.
        """
        server = self._settings.name
        try:
            to_json(arguments)
        except PydanticSerializationError as error:
            raise ConfigurationError(
                f"the MCP server {server}: the arguments of {name!r} cannot be written as JSON: {error}. "
                "Pass JSON values, and text without lone surrogates."
            ) from error
        try:
            with anyio.fail_after(timeout):
                result = await self._session.request(lambda client: client.call_tool(name, arguments))
        except DhenaraError:
            raise
        except TimeoutError as error:
            raise self._late(f"answer the call of {name!r}", timeout, "call") from error
        except (ValidationError, RuntimeError) as error:
            raise MCPServerError(
                f"the MCP server {server} did not answer the call of {name!r} with a tool result: {problem_of(error)}. "
                "Report this to the author of the server."
            ) from error
        except FAILURES as error:
            if isinstance(error, MCPError) and error.code == PARSE_ERROR:
                raise MCPServerError(
                    f"the MCP server {server} ran the tool {name!r}, but its answer cannot be read: "
                    f"{problem_of(error)}. Raise max_message_bytes, or report this to the author of the server."
                ) from error
            raise MCPServerError(
                f"the MCP server {server} did not run the tool {name!r}: {problem_of(error)}. "
                "Check the arguments and the output of the server."
            ) from error
        return self._read(f"the call of {name!r}", lambda: read_result(result))

    async def _list(self, kind: str) -> list[Any]:
        what = f"list its {kind.replace('_', ' ')}"
        send: Callable[[Client], Awaitable[list[Any]]] = lambda client: read_pages(client, kind, self._settings)  # noqa: E731
        return await self._ask(what, send, self._settings.list_timeout, "list")

    async def _ask(
        self, what: str, send: Callable[[Client], Awaitable[Value]], timeout: float | None, limit: str
    ) -> Value:
        """Send a request that changes nothing, so that it may be sent twice; `what` names it in errors.

        Raises:
            MCPTimeoutError: If it took longer than `timeout` seconds.
            MCPServerError: If the server answered with an error, with no valid result, or is gone.
        """
        try:
            with anyio.fail_after(timeout):
                return await self._session.request(send, repeatable=True)
        except DhenaraError:
            raise
        except TimeoutError as error:
            raise self._late(what, timeout, limit) from error
        except FAILURES as error:
            raise MCPServerError(f"the MCP server {self._settings.name} did not {what}: {problem_of(error)}") from error

    def _late(self, what: str, timeout: float | None, limit: str) -> MCPTimeoutError:
        option = "list_timeout" if limit == "list" else "timeout"
        return MCPTimeoutError(
            f"the MCP server {self._settings.name} did not {what} within {timeout:g} seconds. "
            f"Check that it runs, or raise {option}.",
            limit=limit,
        )

    def _read(self, what: str, read: Callable[[], Value]) -> Value:
        try:
            return read()
        except ValueError as error:
            raise MCPServerError(
                f"the MCP server {self._settings.name} answered {what} with a part that cannot be read: "
                f"{problem_of(error)}. Report this to the author of the server."
            ) from error


def problem_of(error: BaseException) -> str:
    """Describe an error; of a value that has the wrong form, where and how."""
    first = root_cause(error)
    if isinstance(first, ValidationError):
        place, problem = ".".join(map(str, first.errors()[0]["loc"])), first.errors()[0]["msg"]
        return f"{place}: {problem}" if place else problem
    return shorten(describe(first))


CAPABILITIES = {"resource_templates": "resources"}


async def read_pages(client: Client, kind: str, settings: MCPServerSettings) -> list[Any]:
    """Return everything of a kind (`tools`, `prompts`, ...), each name once; nothing if the server does not have it."""
    if kind != "tools" and getattr(client.server_capabilities, CAPABILITIES.get(kind, kind)) is None:
        return []
    shown, most = kind.replace("_", " "), settings.max_tools
    read = getattr(client, f"list_{kind}")
    listed: dict[str, Any] = {}
    cursors: set[str] = set()
    cursor: str | None = None
    while True:
        page = await read(cursor=cursor)
        for entry in getattr(page, kind):
            listed.setdefault(key_of(entry), entry)
        cursor = page.next_cursor
        if cursor and cursor in cursors:
            raise MCPServerError(f"the MCP server {settings.name} repeats its pages of {shown}")
        cursors.add(cursor or "")
        if len(listed) <= most and not cursor:
            return list(listed.values())
        if len(listed) > most or len(cursors) > most:
            raise MCPServerError(
                f"the MCP server {settings.name} lists more than {most} {shown} or pages. "
                "Raise max_tools to allow more."
            )


def key_of(entry: Any) -> str:
    return str(getattr(entry, "uri", None) or getattr(entry, "uri_template", None) or entry.name)


Entry = TypeVar("Entry", MCPResource, MCPResourceTemplate, MCPPromptArgument)


def read_entry(kind: type[Entry], listed: Any) -> Entry:
    given = {name: getattr(listed, name) for name in kind.model_fields if getattr(listed, name, None) is not None}
    return kind.model_validate({**given, **({"uri": str(listed.uri)} if "uri" in given else {})})


def read_prompt(listed: Any) -> MCPPrompt:
    arguments = tuple(read_entry(MCPPromptArgument, one) for one in listed.arguments or ())
    return MCPPrompt(name=listed.name, title=listed.title, description=listed.description, arguments=arguments)


def read_result(result: Any) -> ToolResultContent:
    """Convert text, images, audio and resources.

    The structured value is in `extras`, which no provider gets. It is also the output if there is no content, or if
    the content is the same value as text.

    Raises:
        ValueError: If media are not base64, or not of a media type that a part can have.
    """
    parts, structured = [read_block(block) for block in result.content], result.structured_content
    about: dict[str, Any] = {"call_id": "", "is_error": bool(result.is_error)}
    if structured is not None:
        about["extras"] = {STRUCTURED: structured}
    if not parts:
        return ToolResultContent(output=structured or "null", **about)
    if len(parts) == 1 and isinstance(parts[0], TextContent):
        text = parts[0].text
        return ToolResultContent(output=structured if is_json_of(text, structured) else text, **about)
    return ToolResultContent(contents=parts, **about)


def is_json_of(text: str, value: Any) -> bool:
    if value is None:
        return False
    try:
        return bool(json.loads(text) == value)
    except ValueError:
        return False


def read_block(block: Any) -> Any:
    match block.type:
        case "text":
            return TextContent(text=block.text)
        case "image":
            return ImageContent(data=read_base64(block.data), mime_type=block.mime_type)
        case "audio":
            return AudioContent(data=read_base64(block.data), mime_type=block.mime_type)
        case "resource_link":
            return TextContent(text=f"{block.name}: {block.uri}")
        case "resource" if getattr(block.resource, "text", None) is not None:
            return TextContent(text=f"{block.resource.uri}:\n{block.resource.text}")
        case "resource":
            return read_resource(block.resource)
        case _:
            return TextContent(text=block.model_dump_json(by_alias=True, exclude_none=True))


def read_resource(resource: Any) -> ResultPart:
    """Convert the content of a resource by its media type."""
    if getattr(resource, "text", None) is not None:
        return TextContent(text=resource.text)
    data, kind = read_base64(resource.blob), resource.mime_type or ""
    if kind.startswith("image/"):
        return ImageContent(data=data, mime_type=kind)
    if kind.startswith("audio/"):
        return AudioContent(data=data, mime_type=kind)
    return FileContent(data=data, mime_type=resource.mime_type, name=str(resource.uri))


def read_base64(text: str) -> bytes:
    """Decode base64, which some servers break into lines."""
    return base64.b64decode("".join(text.split()), validate=True)
