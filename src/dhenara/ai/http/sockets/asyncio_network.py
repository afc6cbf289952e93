"""Connections on asyncio: opened with Happy Eyeballs, read without a task or timer per read.

`create_connection` can try several addresses itself, but only the standard library's loops support
`happy_eyeballs_delay`, and with it they leak sockets when cancelled. So each address is a `create_connection` of its
own, which uvloop and winloop support too, and `race_addresses` runs the race (RFC 8305).

`AsyncioConnection` is the protocol of the loop's transport. Bytes are kept as they arrive, at most `MOST_WAITING`, then
reading is paused. A read takes them or waits for one future; one timer serves many reads, and moves on when it fires
early. `write` gives the transport at most `MOST_AT_ONCE` bytes, because it copies what the system does not take.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ..protocol.message import ConnectFailed, ConnectionBroken, ReadTimeout
from .connection import PROCESS, Connection, NothingWritten, break_of, error_reason, tls_problem
from .socket_connection import ReadPoll, close_copy

if TYPE_CHECKING:
    import ssl


C = TypeVar("C")

NEXT_ADDRESS = 0.25
"""Seconds after which the next address is tried as well (RFC 8305 section 5)."""


async def find_addresses(loop: asyncio.AbstractEventLoop, host: str, port: int) -> list[str]:
    """Return the addresses of a host, alternating address families (RFC 8305 section 4); raises OSError or
    UnicodeError.
    """
    if ":" in host or host.replace(".", "").isdigit():
        return [host]
    families: dict[int, list[str]] = {}
    for family, _, _, _, place in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        scope = f"%{place[3]}" if len(place) == 4 and place[3] else ""
        families.setdefault(family, []).append(f"{place[0]}{scope}")
    turns = range(max(map(len, families.values()), default=0))
    return list(dict.fromkeys(one for turn in turns for of in families.values() for one in of[turn : turn + 1]))


async def race_addresses(
    addresses: list[str], connect: Callable[[str], Coroutine[Any, Any, C]], discard: Callable[[C], None]
) -> C:
    """Return the first connection that opens.

    Args:
        addresses: Addresses in order of preference.
        connect: Opens one connection, and leaves nothing open if it fails or is cancelled.
        discard: Closes a connection that is not needed.

    Raises:
        OSError: The last failure, if all failed.
    """
    if len(addresses) == 1:
        return await connect(addresses[0])
    waiting, attempts = list(addresses), set[asyncio.Task[C]]()
    problem = OSError("no address is known for this host")
    try:
        while waiting or attempts:
            if waiting:
                attempts.add(asyncio.create_task(connect(waiting.pop(0))))
            done, _ = await asyncio.wait(
                attempts, timeout=NEXT_ADDRESS if waiting else None, return_when=asyncio.FIRST_COMPLETED
            )
            for attempt in done:
                attempts.discard(attempt)
                error = attempt.exception()
                if error is None:
                    return attempt.result()
                if not isinstance(error, OSError):
                    raise error
                problem = error
    finally:
        for attempt in attempts:
            attempt.cancel()
            attempt.add_done_callback(lambda over: discard_result(over, discard))
    raise problem


def discard_result(over: asyncio.Task[C], discard: Callable[[C], None]) -> None:
    """Discard the result of an attempt that finished late."""
    if not over.cancelled() and over.exception() is None:
        discard(over.result())


MOST_WAITING = 262_144
"""Unread bytes after which reading is paused."""

MOST_AT_ONCE = 262_144
"""Bytes passed to the loop's transport at once, because it copies what the OS does not take."""


class AsyncioConnection(asyncio.Protocol):
    """One connection, with at most one reader and one writer waiting."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._poll: ReadPoll | None = None
        self._arrived: list[bytes] = []
        self._waiting = 0
        self._paused = False
        self._over = False
        self._error: Exception | None = None
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None
        self._full = False
        self._until = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._fires_at = 0.0
        self._owner = PROCESS.id
        self._dropped = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        connected = transport.get_extra_info("socket")
        self._poll = None if connected is None else ReadPoll(connected)

    def data_received(self, data: bytes) -> None:
        self._arrived.append(data)
        self._waiting += len(data)
        if self._waiting > MOST_WAITING and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()
        wake_future(self._reader)
        if self._writer is not None:
            wake_future(self._writer)

    def eof_received(self) -> bool:
        self._over = True
        wake_future(self._reader)
        wake_future(self._writer)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._over, self._error = True, exc
        wake_future(self._reader)
        wake_future(self._writer)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        wake_future(self._writer)

    async def read(self, timeout: float | None) -> bytes:
        if self._owner != PROCESS.id:
            raise ConnectionBroken("the connection belongs to the process that opened it")
        while not self._arrived:
            if self._over or self._dropped:
                if self._dropped:
                    raise ConnectionBroken("the connection was closed on this side")
                if self._error is not None:
                    raise break_of(self._error) from self._error
                return b""
            self._reader = self._loop.create_future()
            self._start_timer(timeout)
            try:
                await self._reader
            except TimeoutError as error:
                raise ReadTimeout("nothing was received in time") from error
            finally:
                self._reader = None
        data = self._arrived[0] if len(self._arrived) == 1 else b"".join(self._arrived)
        self._arrived.clear()
        self._waiting = 0
        if self._paused and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()
        return data

    def write_now(self, data: bytes | memoryview) -> int:
        """Give the loop's transport as much as it should hold; it keeps what the system does not take."""
        transport = self._transport
        if self._over or self._dropped or transport is None or transport.is_closing():
            raise NothingWritten("the connection was closed")
        size = len(data)
        transport.write(data if size <= MOST_AT_ONCE else memoryview(data)[:MOST_AT_ONCE])
        if transport.is_closing():
            self._read_rest()
        return min(size, MOST_AT_ONCE)

    async def write(self, data: bytes | memoryview, timeout: float | None) -> int:
        size, sent = len(data), self.write_now(data)
        if sent == size:
            return sent
        view, until = memoryview(data), None if timeout is None else self._loop.time() + timeout
        while sent < size:
            await asyncio.sleep(0)  # lets the loop read what has arrived
            await self._drained(until)
            if self._arrived or self._transport is None or self._transport.is_closing():
                return sent
            sent += self.write_now(view[sent:])
        return sent

    def _read_rest(self) -> None:
        """Read what the server sent before it closed; after a failed write the loop no longer reads."""
        try:
            data = os.read(self._descriptor(), MOST_WAITING)
        except OSError:
            return  # nothing there, or this OS cannot read sockets with os.read
        # With TLS the bytes would still be encrypted.
        if data and self._transport is not None and self._transport.get_extra_info("sslcontext") is None:
            self._arrived.append(data)

    async def _drained(self, until: float | None) -> None:
        """Wait until the transport accepts more data, or data arrives."""
        while self._full and not self._arrived and not self._over:
            self._writer = self._loop.create_future()
            try:
                async with asyncio.timeout_at(until):
                    await self._writer
            except TimeoutError as error:
                raise ReadTimeout("the request could not be sent in time") from error
            finally:
                self._writer = None

    async def close(self) -> None:
        self.drop()
        await asyncio.sleep(0)

    def drop(self) -> None:
        transport = self._transport
        if transport is None or self._dropped:
            return
        self._dropped = True
        if self._owner != PROCESS.id:
            # The selector is shared with the parent process, so the transport must not be touched.
            close_copy(self._descriptor())
        elif self._loop.is_closed():
            return
        elif running_loop() is self._loop:
            transport.abort()
            wake_future(self._reader)
        else:
            self._loop.call_soon_threadsafe(transport.abort)

    def is_stale(self) -> bool:
        if self._over or self._dropped or self._arrived or self._transport is None or self._transport.is_closing():
            return True
        if self._owner != PROCESS.id or self._transport.get_write_buffer_size():
            return True  # the rest of the last request would become part of the next one
        # The loop may not have read the socket yet.
        return self._poll is None or self._poll.wait(0)

    def _descriptor(self) -> int:
        return -1 if self._poll is None else int(self._poll.socket.fileno())

    async def start_tls(self, context: ssl.SSLContext, host: str, timeout: float | None) -> AsyncioConnection:
        """Return a new connection with TLS on top of this one."""
        secured = AsyncioConnection(self._loop)
        if self._transport is None:
            raise ConnectFailed("the connection was closed before it could be secured")
        async with asyncio.timeout(timeout):
            transport = await self._loop.start_tls(self._transport, secured, context, server_hostname=host)
        if transport is None:
            raise ConnectFailed("the connection was closed while it was being secured")
        secured.connection_made(transport)
        return secured

    def _start_timer(self, timeout: float | None) -> None:
        """Set the read deadline; one timer serves many reads and is moved on when it fires early."""
        if timeout is None:
            self._until = float("inf")
            return
        self._until = self._loop.time() + timeout
        if self._timer is None or self._fires_at > self._until:
            if self._timer is not None:
                self._timer.cancel()
            self._timer, self._fires_at = self._loop.call_at(self._until, self._on_timer), self._until

    def _on_timer(self) -> None:
        self._timer = None
        if self._reader is None or self._reader.done() or self._until == float("inf"):
            return
        if self._loop.time() >= self._until:
            self._reader.set_exception(TimeoutError())
        else:
            self._timer, self._fires_at = self._loop.call_at(self._until, self._on_timer), self._until


class AsyncioNetwork:
    """Opens connections on one asyncio loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, trust: Callable[[], ssl.SSLContext]) -> None:
        self._loop = loop
        self._trust = trust

    async def connect(self, host: str, port: int, timeout: float | None) -> Connection:
        loop = self._loop

        async def connect(address: str) -> AsyncioConnection:
            _, connection = await loop.create_connection(lambda: AsyncioConnection(loop), address, port)
            return connection

        try:
            async with asyncio.timeout(timeout):
                return await race_addresses(await find_addresses(loop, host, port), connect, AsyncioConnection.drop)
        except TimeoutError as error:
            raise ReadTimeout(f"no connection to {host}:{port} in time", connecting=True) from error
        except (OSError, UnicodeError) as error:
            raise ConnectFailed(error_reason(error)) from error

    async def start_tls(self, connection: Connection, host: str, timeout: float | None) -> Connection:
        if not isinstance(connection, AsyncioConnection):
            raise TypeError("only a connection of this world can be secured here")
        try:
            context = self._trust()
            try:
                return await connection.start_tls(context, host, timeout)
            except ValueError as error:  # invalid host name for certificates, or an untrusted certificate
                raise tls_problem(error) from error
        except TimeoutError as error:
            connection.drop()
            raise ReadTimeout(f"no secure connection to {host} in time", connecting=True) from error
        except OSError as error:
            connection.drop()
            raise tls_problem(error) from error
        except BaseException:
            connection.drop()
            raise


def wake_future(future: asyncio.Future[None] | None) -> None:
    if future is not None and not future.done():
        future.set_result(None)


def running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
