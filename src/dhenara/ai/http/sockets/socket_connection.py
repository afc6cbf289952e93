"""Connections over non-blocking sockets, for sync code and trio, and the network of sync code."""

from __future__ import annotations

import os
import select
import socket
import time
from collections.abc import Awaitable, Callable
from typing import Protocol

from ..protocol.message import ConnectFailed, ConnectionBroken, ReadTimeout
from .connection import PROCESS, Connection, NothingWritten, connect_first, error_reason

CHUNK = 65_536
FOREIGN = "the connection belongs to the process that opened it"

# Windows has no poll; its select supports only sockets, and limits how many, not their numbers.
HAS_POLL = hasattr(select, "poll")


class ReadPoll:
    """Asks the system whether one socket is readable, with which it is registered once."""

    __slots__ = ("_poll", "socket")

    def __init__(self, polled: socket.socket) -> None:
        self.socket = polled
        self._poll = select.poll() if HAS_POLL else None
        if self._poll is not None:
            self._poll.register(polled, select.POLLIN)

    def wait(self, timeout: float | None) -> bool:
        """Block until the socket is readable or closed; return False if the time is over before."""
        if self.socket.fileno() < 0:
            return True
        if self._poll is None:
            return bool(select.select([self.socket], [], [], timeout)[0])
        # Milliseconds, rounded up so that the wait does not end early.
        return bool(self._poll.poll(int(timeout * 1000) + 1 if timeout else timeout))


class Waiter(Protocol):
    """Waits for sockets, in sync code or on trio."""

    async def readable(self, waiting: ReadPoll, timeout: float | None) -> None:
        """Wait until the socket is readable or closed; raises TimeoutError."""

    async def either(self, waiting: socket.socket, timeout: float | None) -> bool:
        """Wait until it is readable or writable; return whether it is readable. Raises TimeoutError."""
        ...

    def close(self, closing: socket.socket) -> None:
        """Close the socket and wake its waiters."""


class SocketConnection:
    """One connection, with at most one reader and one writer; any thread may drop it."""

    __slots__ = ("__weakref__", "_dropped", "_emptied", "_now", "_owner", "_poll", "_socket", "_waiter")

    def __init__(self, connected: socket.socket, waiter: Waiter, now: Callable[[], float]) -> None:
        connected.setblocking(False)
        self._socket = connected
        self._waiter = waiter
        self._now = now
        self._owner = PROCESS.id
        self._poll = ReadPoll(connected)
        self._dropped = False
        self._emptied = True
        """Whether nothing is here that has not been read, so that a read waits before it tries."""

    async def read(self, timeout: float | None) -> bytes:
        while True:
            if self._emptied:
                if self._owner != PROCESS.id:
                    raise ConnectionBroken(FOREIGN)  # a forked child would wait for what its parent reads
                try:
                    await self._waiter.readable(self._poll, timeout)
                except TimeoutError as error:
                    raise ReadTimeout("nothing was received in time") from error
                except OSError as error:
                    raise ConnectionBroken(error_reason(error)) from error
            data = self.read_now()
            self._emptied = data is None or len(data) < CHUNK
            if data is not None:
                return data

    def read_now(self) -> bytes | None:
        """Return what has arrived; None if nothing has, b"" if the other side closed."""
        if self._owner != PROCESS.id:
            raise ConnectionBroken(FOREIGN)
        try:
            data = self._socket.recv(CHUNK)
        except (BlockingIOError, InterruptedError):
            return None
        except OSError as error:
            raise ConnectionBroken(error_reason(error)) from error
        if not data and self._dropped:
            raise ConnectionBroken("the connection was closed on this side")
        return data

    def write_now(self, data: bytes | memoryview) -> int:
        if self._owner != PROCESS.id:
            raise ConnectionBroken(FOREIGN)
        try:
            return self._socket.send(data)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError as error:
            raise NothingWritten(error_reason(error)) from error

    async def write(self, data: bytes | memoryview, timeout: float | None) -> int:
        size, sent, until = len(data), 0, None
        while True:
            try:
                written = self.write_now(memoryview(data)[sent:] if sent else data)
            except NothingWritten as error:
                raise (ConnectionBroken if sent else NothingWritten)(str(error)) from error.__cause__
            sent += written
            if sent == size:
                return sent
            if written:
                continue
            if timeout is not None:
                until = self._now() + timeout if until is None else until
                timeout = max(0.0, until - self._now())
            try:
                if await self._waiter.either(self._socket, timeout):
                    return sent
            except TimeoutError as error:
                raise ReadTimeout("the request could not be sent in time") from error
            except OSError as error:
                raise ConnectionBroken(error_reason(error)) from error

    async def close(self) -> None:
        self.drop()

    def drop(self) -> None:
        if self._owner != PROCESS.id:
            # A forked child has a copy of the descriptor; `shutdown` would end the parent's connection.
            self._socket.close()
            return
        self._dropped = True
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # already closed by either side
        self._waiter.close(self._socket)

    def is_stale(self) -> bool:
        """Return whether the idle connection is readable, that is closed or with unexpected data."""
        return self._owner != PROCESS.id or self._poll.wait(0)

    def has_arrived(self) -> bytes | None:
        """Return what arrived while idle, or None; used by TLS."""
        return self.read_now() if self._poll.wait(0) else None

    @property
    def owned(self) -> bool:
        """Whether this process opened it."""
        return self._owner == PROCESS.id


def is_readable(descriptor: int) -> bool:
    """Return whether it is readable (including closed) without waiting."""
    if descriptor < 0:
        return True
    if not HAS_POLL:
        return bool(select.select([descriptor], [], [], 0)[0])
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))


def wait_for_either(waiting: socket.socket, timeout: float | None) -> bool:
    """Block until readable or writable; return whether it is readable.

    Raises TimeoutError. A socket closed meanwhile counts as readable, which shows its end to the reader.
    """
    descriptor = waiting.fileno()
    if descriptor < 0:
        return True
    if not HAS_POLL:
        can_read, can_write, _ = select.select([descriptor], [descriptor], [], timeout)
        if not can_read and not can_write:
            raise TimeoutError
        return bool(can_read)
    poll = select.poll()
    poll.register(descriptor, select.POLLIN | select.POLLOUT)
    # Milliseconds, rounded up so that the wait does not end early.
    events = poll.poll(None if timeout is None else int(timeout * 1000) + 1)
    if not events:
        raise TimeoutError
    return bool(events[0][1] & ~select.POLLOUT)


def close_copy(descriptor: int) -> None:
    """Replace the descriptor in a forked child so that its owner can still close it later.

    `dup2` puts the null device in its place: the connection is released now and the number stays in use, so that the
    later close does not hit another file. `shutdown` and selectors are not used, because parent and child share them.
    """
    try:
        null = os.open(os.devnull, os.O_RDWR)
        try:
            os.dup2(null, descriptor, inheritable=False)
        finally:
            os.close(null)
    except OSError:
        return  # already closed


class BlockingWaiter:
    """Waits by blocking the thread."""

    async def readable(self, waiting: ReadPoll, timeout: float | None) -> None:
        if not waiting.wait(timeout):
            raise TimeoutError

    async def either(self, waiting: socket.socket, timeout: float | None) -> bool:
        return wait_for_either(waiting, timeout)

    def close(self, closing: socket.socket) -> None:
        closing.close()  # `shutdown` has already woken the waiters


Secure = Callable[[Connection, str, float | None], Awaitable[Connection]]


class BlockingNetwork:
    """Opens connections for sync code.

    Args:
        secure: Puts TLS over a connection to a host, in this time.
    """

    def __init__(self, secure: Secure) -> None:
        self._secure = secure
        self._waiter = BlockingWaiter()

    async def connect(self, host: str, port: int, timeout: float | None) -> Connection:
        try:
            # As bytes, an ASCII host name does not load the IDNA tables.
            connected = connect_first(host.encode() if host.isascii() else host, port, timeout)
        except TimeoutError as error:
            raise ReadTimeout(f"no connection to {host}:{port} in time", connecting=True) from error
        except (OSError, UnicodeError) as error:
            raise ConnectFailed(error_reason(error)) from error
        try:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            connected.close()
            raise ConnectFailed(error_reason(error)) from error
        return SocketConnection(connected, self._waiter, time.monotonic)

    async def start_tls(self, connection: Connection, host: str, timeout: float | None) -> Connection:
        return await self._secure(connection, host, timeout)
