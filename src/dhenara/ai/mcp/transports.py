"""How messages reach an MCP server: a process with its pipes, or HTTP; each message is bounded in size.

The package mcp reads what a process writes without a limit, and ends the whole connection when one HTTP request fails.
Here, a message that is too long, is not valid JSON or cannot be fetched fails only the request that it answers.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import anyio
import httpx2
from anyio.abc import AsyncResource, ByteReceiveStream, Process
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.client.stdio import get_default_environment
from mcp.shared.message import SessionMessage
from mcp.types import CONNECTION_CLOSED, PARSE_ERROR, JSONRPCError, jsonrpc_message_adapter

from ..wire import json
from .definitions import TokenCache

logger = logging.getLogger("dhenara")

EXIT_GRACE = 2.0
"""Seconds in which a process may end by itself after its input was closed, and again after it was asked to end."""

HEAD = 1000  # bytes kept of a message that is too long

REQUEST_ID = re.compile(rb'"id"\s*:\s*(\d+)\s*[,}]')
TIMEOUT = httpx2.Timeout(30, read=300)
"""A server may keep a response open while a tool runs."""

SESSION = "mcp-session-id"


@dataclass(slots=True, eq=False)
class HttpAttempt:
    """What happened to the HTTP requests of one MCP request, so that only what cannot have run is sent again."""

    reached: bool = False
    """Whether the server may have got the request."""

    session_lost: bool = False
    """Whether the server refused the request because it does not know the session."""

    status: int | None = None
    """Status of the last response that was an error."""

    failure: Exception | None = None
    """The error of the source of the token."""


CURRENT_ATTEMPT: ContextVar[HttpAttempt | None] = ContextVar("dhenara_mcp_attempt", default=None)
"""The attempt of the task that sends a request; the package mcp sends it in a copy of that task's context."""


class LineReader:
    """Splits bytes into lines of at most `most` bytes; of longer ones, only the beginning is kept."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._buffer = bytearray()
        self._skipping = False

    def feed(self, chunk: bytes) -> Iterator[tuple[bytes, bool]]:
        """Yield each line that ended, and whether it is cut off."""
        *ended, rest = chunk.split(b"\n")
        for piece in ended:
            self._add(piece)
            yield bytes(self._buffer), self._skipping
            self._buffer.clear()
            self._skipping = False
        self._add(rest)

    def _add(self, piece: bytes) -> None:
        if self._skipping:
            return
        self._buffer += piece
        if len(self._buffer) > self._most:
            self._skipping = True
            del self._buffer[HEAD:]


def read_message(line: bytes, cut: bool, most: int) -> SessionMessage | None:
    """Return the message of a line, an error for the request if it is an answer that cannot be read, else None."""
    if cut:
        return unreadable(line, f"the server sent a message of more than {most} bytes")
    if not line.strip():
        return None
    try:
        return SessionMessage(jsonrpc_message_adapter.validate_json(line.decode("utf-8", "replace"), by_name=False))
    except ValueError:
        return unreadable(line, "the server sent an answer that is not a message of JSON-RPC")


def unreadable(line: bytes, problem: str) -> SessionMessage | None:
    ends = line[:HEAD] + line[-HEAD:]
    match = REQUEST_ID.search(ends) if b'"jsonrpc"' in ends else None
    logger.debug("MCP server: ignored a line of its output: %s", problem)
    return None if match is None else SessionMessage(error_message(int(match[1]), problem, PARSE_ERROR))


def error_message(request: int | None, problem: str, code: int) -> JSONRPCError:
    error = {"code": code, "message": problem}
    return JSONRPCError.model_validate({"jsonrpc": "2.0", "id": request, "error": error})


@asynccontextmanager
async def process_transport(
    command: Sequence[str], env: Mapping[str, str], cwd: str | None, most: int, on_exit: Callable[[int | None], object]
) -> AsyncGenerator[tuple[Any, Any]]:
    """Run a server as a subprocess. Its error output goes to `sys.stderr`, or to the log if that is not a file.

    Args:
        command: The program and its arguments.
        env: Environment variables besides those that every server gets.
        cwd: Working directory.
        most: Largest message in bytes.
        on_exit: Called with None when the output of the server has ended, and with its exit code when it has ended.
    """
    stderr = stderr_of_this_process()
    process = await anyio.open_process(
        [resolved(command[0]), *command[1:]],
        env=get_default_environment() | dict(env),
        cwd=cwd,
        stderr=subprocess.PIPE if stderr is None else stderr,
        start_new_session=sys.platform != "win32",
    )
    # From here to the task group nothing is awaited: a cancellation between them would leave the process running.
    to_session, from_server = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    to_server, from_session = anyio.create_memory_object_stream[SessionMessage](0)
    async with anyio.create_task_group() as group:
        group.start_soon(read_output, process, to_session, most, on_exit)
        group.start_soon(write_input, process, from_session, to_session)
        if process.stderr is not None:
            group.start_soon(log_error_output, process.stderr)
        try:
            yield from_server, to_server
        finally:
            with anyio.CancelScope(shield=True):
                for stream in (from_server, to_server):
                    await stream.aclose()
                await end_process(process)
                on_exit(process.returncode)
            group.cancel_scope.cancel()


def resolved(program: str) -> str:
    """Return the program; on Windows with its suffix, which `npx.cmd` and the like need."""
    return shutil.which(program) or program if sys.platform == "win32" else program


def stderr_of_this_process() -> int | None:
    """Return the descriptor of `sys.stderr`, or None if it has none, as in notebooks and tests."""
    try:
        return sys.stderr.fileno()
    except (AttributeError, OSError, ValueError):
        return None


async def read_output(
    process: Process,
    to_session: MemoryObjectSendStream[SessionMessage | Exception],
    most: int,
    on_exit: Callable[[int | None], object],
) -> None:
    assert process.stdout is not None
    lines = LineReader(most)
    async with to_session:
        with suppress(anyio.ClosedResourceError, anyio.BrokenResourceError, OSError):
            async for chunk in process.stdout:
                for line, cut in lines.feed(chunk):
                    if (message := read_message(line, cut, most)) is not None:
                        await to_session.send(message)
        on_exit(None)  # before the session ends, so that no request is sent over it


async def write_input(
    process: Process,
    from_session: MemoryObjectReceiveStream[SessionMessage],
    to_session: MemoryObjectSendStream[SessionMessage | Exception],
) -> None:
    """Write messages; if the process does not take them, end the session, because its requests would wait forever."""
    assert process.stdin is not None
    try:
        async with from_session:
            async for message in from_session:
                await process.stdin.send(
                    message.message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n"
                )
    except (anyio.ClosedResourceError, anyio.BrokenResourceError, OSError):
        await to_session.aclose()


async def log_error_output(stream: ByteReceiveStream) -> None:
    with suppress(anyio.ClosedResourceError, anyio.BrokenResourceError, OSError):
        async for chunk in stream:
            logger.debug("MCP server: error output: %s", chunk.decode("utf-8", "replace").rstrip())


async def end_process(process: Process) -> None:
    """Close the input of a process, then ask it to end, then end it, with all that it started."""
    assert process.stdin is not None
    assert process.stdout is not None
    await close_quietly(process.stdin)
    if not await wait_for_exit(process, EXIT_GRACE):
        send_signal(process, "SIGTERM")
        if not await wait_for_exit(process, EXIT_GRACE):
            send_signal(process, "SIGKILL")
            await wait_for_exit(process, EXIT_GRACE)
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            await close_quietly(stream)


async def wait_for_exit(process: Process, seconds: float) -> bool:
    """Return whether the process ended in time; `Process.wait` would also wait for others that have its pipes."""
    with anyio.move_on_after(seconds):
        while process.returncode is None:
            await anyio.sleep(0.01)
    return process.returncode is not None


def send_signal(process: Process, name: str) -> None:
    with suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, getattr(signal, name))


async def close_quietly(stream: AsyncResource) -> None:
    with suppress(anyio.ClosedResourceError, anyio.BrokenResourceError, anyio.BusyResourceError, OSError):
        await stream.aclose()


class BodyError(httpx2.ReadError, httpx2.StreamError):
    """A body that cannot be read; the package mcp fails only one request for a `StreamError`."""


class BoundedStream(httpx2.AsyncByteStream):
    """The bytes of a response; a blank line, which ends an event, restarts the count."""

    def __init__(self, inner: httpx2.AsyncByteStream, most: int) -> None:
        self._inner = inner
        self._most = most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        waiting = 0
        try:
            async for piece in self._inner:
                waiting += len(piece)
                if waiting > self._most:
                    raise BodyError(f"the server sent a message of more than {self._most} bytes")
                end = max(piece.rfind(b"\n\n"), piece.rfind(b"\r\n\r\n"))
                if end >= 0:
                    waiting = len(piece) - end
                yield piece
        except httpx2.TransportError as error:
            raise error if isinstance(error, BodyError) else BodyError(describe(error)) from error

    async def aclose(self) -> None:
        await self._inner.aclose()


async def bound_response(response: httpx2.Response, most: int) -> None:
    """Make reading fail if a message exceeds `most` bytes.

    Raises:
        httpx2.DecodingError: If the body is compressed although that was not requested, so its size is unknown.
    """
    if response.headers.get("content-encoding", "identity") != "identity":
        await response.aclose()
        raise httpx2.DecodingError("the server compressed its response, which was not requested")
    if isinstance(response.stream, httpx2.AsyncByteStream):
        response.stream = BoundedStream(response.stream, most)


def describe(error: BaseException) -> str:
    return str(error) or type(error).__name__


class TokenAuth(httpx2.Auth):
    """Sends a token, and once more with a new one if the server refuses it."""

    def __init__(self, tokens: TokenCache) -> None:
        self._tokens = tokens

    async def async_auth_flow(self, request: httpx2.Request) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        used = await self._tokens.fetch()
        request.headers["authorization"] = f"Bearer {used}"
        response = yield request
        if response.status_code == 401 and (token := await self._tokens.fetch(refused=used)) != used:
            request.headers["authorization"] = f"Bearer {token}"
            yield request


class GuardedClient(httpx2.AsyncClient):
    """An HTTP client whose failures are answers of JSON-RPC, and which records what happened to the current attempt."""

    def __init__(self, headers: Mapping[str, str], tokens: TokenCache | None, most: int) -> None:
        auth = None if tokens is None else TokenAuth(tokens)
        super().__init__(headers={"accept-encoding": "identity", **headers}, auth=auth, timeout=TIMEOUT)
        self._most_bytes = most

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        """Send a request; a failure is a response with status 503."""
        attempt = CURRENT_ATTEMPT.get() or HttpAttempt()
        try:
            response = await super().send(request, **options)
            attempt.reached = True
            await bound_response(response, self._most_bytes)
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            return failed_response(request, f"cannot connect: {describe(error)}")
        except httpx2.HTTPError as error:
            attempt.reached = True
            return failed_response(request, describe(error))
        except Exception as error:  # noqa: BLE001  # whatever the source of the token raised
            attempt.failure = error
            return failed_response(request, "no token")
        if response.status_code >= 400 and request.method == "POST":
            attempt.status = response.status_code
            attempt.session_lost = SESSION in request.headers and await is_session_lost(response)
        return response


def failed_response(request: httpx2.Request, problem: str) -> httpx2.Response:
    body = error_message(None, problem, CONNECTION_CLOSED).model_dump(by_alias=True, mode="json")
    headers = {"content-type": "application/json"}
    return httpx2.Response(503, headers=headers, content=json.dumps(body), request=request)


async def is_session_lost(response: httpx2.Response) -> bool:
    """Return whether the server does not know the session: 404, or, as some servers have it, 400 with such a text."""
    if response.status_code == 400:
        with suppress(httpx2.HTTPError, httpx2.StreamError):
            return b"session" in (await response.aread()).lower()
    return response.status_code == 404
