"""Sessions with an MCP server: a connection that is opened again when it has ended, and the requests sent over it.

The package's task groups live in the task that opened them. So each connection has a task of its own, which opens it,
waits until it ends or is no longer wanted, and closes it; requests are sent from the tasks of the callers.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, TypeVar

import anyio
import httpx2
from anyio.abc import TaskGroup
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CONNECTION_CLOSED, LoggingMessageNotificationParams, ToolListChangedNotification

from mcp import Client, MCPError

from ..errors import DhenaraError, MCPServerError, MCPTimeoutError
from .definitions import MCPServerSettings
from .transports import CURRENT_ATTEMPT, GuardedClient, HttpAttempt, describe, process_transport

Value = TypeVar("Value")
logger = logging.getLogger("dhenara")

FAILURES = (
    *(OSError, httpx2.HTTPError, MCPError, ExceptionGroup, anyio.ClosedResourceError, anyio.EndOfStream),
    *(RuntimeError, ValueError),
)
"""Errors of the package mcp for a server that cannot be reached or violates the protocol."""

CLOSING = 10.0
"""Longest time in seconds to close; a process that does not exit by then is abandoned."""

PAUSES = (0.0, 0.25, 1.0, 2.0)
"""Seconds to wait after so many failures in a row; the last one is repeated."""

LOOP_STEPS = 4
"""Steps of the event loop after which the end of a process that died while the loop was not running is seen."""

SETTLING = 1.0
"""Longest time in seconds to wait for the exit code of a process that closed its output."""

REST = 30.0
"""Seconds after which a server that could not be connected to again is tried once more."""

LONGEST_PROBLEM = 500
"""Characters of a server's text that an error message has."""


@dataclass(slots=True, eq=False)
class Link:
    """One connection: `ready` when it is open or failed, `ended` when it is over or not wanted, `gone` when closed."""

    client: Client | None = None
    error: BaseException | None = None
    exit_code: int | None = None
    attempt: HttpAttempt = field(default_factory=HttpAttempt)
    ready: anyio.Event = field(default_factory=anyio.Event)
    ended: anyio.Event = field(default_factory=anyio.Event)
    gone: anyio.Event = field(default_factory=anyio.Event)

    def exited(self, code: int | None) -> None:
        self.exit_code = code if code is not None else self.exit_code
        self.ended.set()


class Session:
    """The connection to a server, opened again for the next request when it has ended."""

    def __init__(self, settings: MCPServerSettings, group: TaskGroup) -> None:
        self._settings = settings
        self._group = group
        self._link: Link | None = None
        self._opening = anyio.Lock()
        self._closed = False
        self._failures = 0
        self._last_failure = -math.inf
        self.on_open: Callable[[Client], Awaitable[object]] | None = None
        """Called with the client of each new connection, before requests are sent over it."""

        self.tools_changed = False
        """Whether the server said that its tools changed since they were last listed."""

    def close(self) -> None:
        self._closed = True
        if self._link is not None:
            self._link.ended.set()

    async def open(self) -> Link:
        """Open the connection.

        Raises:
            MCPTimeoutError: If opening took longer than `open_timeout`.
            MCPServerError: If the server cannot be reached or violates the protocol.
        """
        link = self._link = Link()
        self._group.start_soon(self._keep_open, link)
        await link.ready.wait()
        if link.client is None:
            await link.gone.wait()
            raise self._opening_error(link)
        return link

    async def request(self, send: Callable[[Client], Awaitable[Value]], *, repeatable: bool = False) -> Value:
        """Send a request, over a new connection if the last one has ended.

        Args:
            send: Sends the request with the client it gets, and returns the result.
            repeatable: Whether it may be sent again if the connection ended after it was sent. A request that cannot
                have reached the server is sent again in any case.

        Raises:
            MCPServerError: If the connection ended, and cannot be opened again or the request may have run.
        """
        while True:
            link = await self._open_link()
            assert link.client is not None
            attempt = HttpAttempt(reached=not self._is_remote)
            token = CURRENT_ATTEMPT.set(attempt)
            try:
                result = await send(link.client)
            except MCPError as error:
                if attempt.failure is not None:
                    raise as_error(attempt.failure, self._settings.name) from attempt.failure
                if error.code != CONNECTION_CLOSED and not attempt.session_lost:
                    raise MCPError(error.code, error.message + status_text(attempt), error.data) from error
                lost = error
            else:
                self._failures = 0
                return result
            finally:
                CURRENT_ATTEMPT.reset(token)
            await self._settle(link, attempt)
            self._count_failure()
            if not repeatable and attempt.reached and not attempt.session_lost:
                raise MCPServerError(
                    f"the connection to the MCP server {self._settings.name} ended during the request: "
                    f"{cause(link, lost)}. The server may have run it, so it was not sent again. "
                    "The next request opens a new connection."
                ) from lost
            if self._failures > self._settings.reconnects:
                raise MCPServerError(
                    f"the MCP server {self._settings.name} cannot be reached: {cause(link, lost)}. Check that it runs."
                ) from lost
            await anyio.sleep(pause_before(self._failures))

    @property
    def _is_remote(self) -> bool:
        return isinstance(self._settings.server, str)

    async def _open_link(self) -> Link:
        """Return the open connection; if it has ended, open one, with pauses between attempts."""
        async with self._opening:
            for _ in range(LOOP_STEPS):
                await anyio.sleep(0)
            link = self._link
            if link is not None and link.client is not None and not link.ended.is_set():
                return link
            self._check_may_open(link)
            while True:
                try:
                    return await self.open()
                except MCPServerError as error:
                    self._count_failure()
                    if self._failures > self._settings.reconnects or isinstance(error, MCPTimeoutError):
                        raise
                await anyio.sleep(pause_before(self._failures))

    def _check_may_open(self, link: Link | None) -> None:
        if self._closed:
            raise MCPServerError(f"the MCP server {self._settings.name} was closed during the request.")
        ended = f"the connection to the MCP server {self._settings.name} has ended{exit_text(link)}"
        if not self._settings.reconnects:
            raise MCPServerError(f"{ended}. Open the server again, or set reconnects.")
        if self._failures > self._settings.reconnects:
            waited = anyio.current_time() - self._last_failure
            if waited < REST:
                raise MCPServerError(
                    f"{ended}, {self._failures} times in a row. It is opened again after {REST - waited:.0f} seconds. "
                    "Check the output of the server."
                )
            self._failures = self._settings.reconnects

    def _count_failure(self) -> None:
        """Count a connection that ended or did not open; an answer ends the count."""
        self._failures += 1
        self._last_failure = anyio.current_time()

    async def _settle(self, link: Link, attempt: HttpAttempt) -> None:
        """Wait a moment until an ended connection is closed, so that the exit code is known."""
        if attempt.session_lost:
            link.ended.set()
        elif not self._is_remote:
            with anyio.move_on_after(SETTLING):
                await link.gone.wait()
            link.ended.set()

    async def _keep_open(self, link: Link) -> None:
        """Open a connection and keep it until it ends; one cancel scope has the deadlines of opening and closing."""
        token = CURRENT_ATTEMPT.set(link.attempt)
        try:
            with anyio.CancelScope(deadline=deadline(self._settings.open_timeout)) as scope:
                async with AsyncExitStack() as inside:
                    link.client = await inside.enter_async_context(await self._make_client(link, inside))
                    if self.on_open is not None:
                        await self.on_open(link.client)
                    scope.deadline = math.inf
                    link.ready.set()
                    await link.ended.wait()
                    scope.deadline = deadline(CLOSING)
            if scope.cancelled_caught and not link.ready.is_set():
                link.error = TimeoutError()
        except (*FAILURES, DhenaraError) as error:
            link.error = root_cause(error)
        finally:
            CURRENT_ATTEMPT.reset(token)
            if not link.ready.is_set():
                link.client = None
            for event in (link.ended, link.ready, link.gone):
                event.set()

    async def _make_client(self, link: Link, inside: AsyncExitStack) -> Client:
        settings = self._settings
        transport: Any
        if isinstance(settings.server, str):
            http = await inside.enter_async_context(
                GuardedClient(settings.headers, settings.tokens, settings.max_message_bytes)
            )
            transport = streamable_http_client(
                settings.server, http_client=http, max_sse_event_size=settings.max_message_bytes
            )
        else:
            transport = process_transport(
                settings.server, settings.env, settings.cwd, settings.max_message_bytes, link.exited
            )
        # Lists are small and asked for rarely; a cache would hide their changes.
        return Client(transport, message_handler=self._handle_message, logging_callback=log_message, cache=None)

    async def _handle_message(self, message: Any) -> None:
        if isinstance(message, ToolListChangedNotification):
            self.tools_changed = True

    def _opening_error(self, link: Link) -> DhenaraError:
        name = self._settings.name
        if link.attempt.failure is not None:
            return as_error(link.attempt.failure, name)
        if isinstance(link.error, DhenaraError):
            return link.error
        if isinstance(link.error, TimeoutError):
            return MCPTimeoutError(
                f"the MCP server {name} did not open within {self._settings.open_timeout:g} seconds. "
                "Check that it runs, or raise open_timeout.",
                limit="open",
            )
        error = MCPServerError(
            f"the MCP server {name} cannot be reached: {cause(link, link.error)}{status_text(link.attempt)}. "
            f"{fix_of(link.attempt)}"
        )
        error.__cause__ = link.error
        return error


def cause(link: Link, error: BaseException | None) -> str:
    problem = "Connection closed" if error is None else shorten(describe(root_cause(error)))
    return f"{problem}{exit_text(link)}"


def as_error(error: Exception, name: str) -> DhenaraError:
    return error if isinstance(error, DhenaraError) else MCPServerError(f"the MCP server {name}: {describe(error)}")


def pause_before(failures: int) -> float:
    return PAUSES[min(failures, len(PAUSES) - 1)]


def exit_text(link: Link | None) -> str:
    if link is None or link.exit_code is None:
        return ""
    return f" (the process ended with exit code {link.exit_code}; see its error output)"


def status_text(attempt: HttpAttempt) -> str:
    return "" if attempt.status is None else f" (HTTP {attempt.status})"


def fix_of(attempt: HttpAttempt) -> str:
    if attempt.status in (401, 403):
        return "Pass a valid token=, or the header that the server needs."
    return "Check its command or URL, and that it is an MCP server."


def shorten(text: str) -> str:
    return text if len(text) <= LONGEST_PROBLEM else text[:LONGEST_PROBLEM] + "..."


async def log_message(params: LoggingMessageNotificationParams) -> None:
    logger.debug("MCP server: %s: %s", params.level, shorten(str(params.data)))


def deadline(seconds: float | None) -> float:
    """Return a time on the event loop's clock."""
    return math.inf if seconds is None else anyio.current_time() + seconds


def root_cause(error: BaseException) -> BaseException:
    """Return the first error inside exception groups."""
    return root_cause(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error
