"""Connections of httpx2's pools with our timeouts: httpcore2 takes one timeout, here it is set for every read.

`current` holds the request that a thread or task is working on, so that a connection that serves many requests uses
the limits of the current one.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import anyio
import httpcore2

from ...wire.secrets import SecretBytes
from ..protocol.interfaces import AttemptTimeouts
from ..protocol.limits import DEFAULT_LIMITS, LimitExceeded

LARGEST_READ = 65_536
"""What a pool reads at once; the last read of a head may hold as much of the body."""
SHORTEST = 0.001
"""Shortest timeout; a socket treats 0 as non-blocking."""
SocketOptions = Iterable[httpcore2.SOCKET_OPTION] | None


class Use:
    """One request's use of a pool: its limits and the state of the connection."""

    __slots__ = (
        "_head_bytes", "connect_until", "ended", "head_limit", "name", "pinned", "proxied", "reading_head", "sent",
        "timeouts", "tunnels",
    )  # fmt: skip

    def __init__(
        self,
        timeouts: AttemptTimeouts,
        pinned: str | None,
        name: str,
        *,
        proxied: bool,
        tunnels: bool,
        head_limit: int = DEFAULT_LIMITS.head_bytes,
    ) -> None:
        limit = timeouts.connect()
        self.timeouts = timeouts
        self.connect_until = None if limit is None else time.monotonic() + limit
        self.pinned = pinned
        """The checked address to connect to (directly or through the proxy) instead of resolving the name."""
        self.name = name
        """Host name in the URL, for the certificate."""
        self.proxied = proxied
        self.tunnels = tunnels
        """Whether a new connection reaches the proxy first, and the host only with TLS."""
        self.ended = False
        """Whether the other side has closed the connection."""
        self.sent = False
        """Whether a part of the request was written: from then on the server may have received it."""
        self.head_limit = head_limit
        self.reading_head = True
        self._head_bytes = 0

    def count(self, data: bytes) -> None:
        """Notes what was read. h11 bounds one head, but not how many interim responses come before the last."""
        self.ended = not data
        if not self.reading_head:
            return
        self._head_bytes += len(data)
        if self._head_bytes > self.head_limit + LARGEST_READ:
            raise LimitExceeded("the head of the response", "head_bytes", self.head_limit)

    def address(self, host: str) -> str:
        """Return where to connect for this host; with a proxy, the proxy's host."""
        return host if self.pinned is None or self.proxied else self.pinned

    def server_name(self, host: str | None) -> str | None:
        """Return the host name expected in the certificate."""
        return self.name if self.pinned is not None and host == self.pinned else host


current: ContextVar[Use] = ContextVar("httpx2_use")


def connect_left() -> float | None:
    until = current.get().connect_until
    if until is None:
        return None
    if until <= (now := time.monotonic()):
        raise httpcore2.ConnectTimeout("no connection in time")
    return max(until - now, SHORTEST)


def step_left(connecting: bool) -> float | None:
    """Return the seconds for the next read or write."""
    if connecting:
        return connect_left()
    left = current.get().timeouts.read()
    if left is not None and left <= 0:
        raise httpcore2.ReadTimeout("the time is over")
    return None if left is None else max(left, SHORTEST)


@contextmanager
def step(connecting: bool) -> Iterator[None]:
    """A read or write that runs out of time before the host is reached is a timeout of connecting."""
    try:
        yield
    except httpcore2.TimeoutException as error:
        if not connecting:
            raise
        raise httpcore2.ConnectTimeout(str(error)) from error


@contextmanager
def encodable(host: str) -> Iterator[None]:
    """The look-up of a name raises an error of its own for one that has no encoding."""
    try:
        yield
    except UnicodeError as error:
        raise httpcore2.ConnectError(f"{host!r} cannot be the name of a host") from error


class LimitedStream(httpcore2.NetworkStream):
    """A connection in a thread; `connecting` is set until the host behind a proxy is reached."""

    def __init__(self, inner: httpcore2.NetworkStream, connecting: bool = False) -> None:
        self._inner = inner
        self._connecting = connecting

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with step(self._connecting):
            data = self._inner.read(max_bytes, step_left(self._connecting))
        if self._connecting:
            current.get().ended = not data
        else:
            current.get().count(data)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        buffer = SecretBytes(buffer)
        current.get().sent = not self._connecting
        with step(self._connecting):
            self._inner.write(buffer, step_left(self._connecting))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        return LimitedStream(
            self._inner.start_tls(ssl_context, current.get().server_name(server_hostname), connect_left())
        )

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class LimitedBackend(httpcore2.NetworkBackend):
    """Opens connections for sync code."""

    def __init__(self) -> None:
        self._inner = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: SocketOptions = None,
    ) -> httpcore2.NetworkStream:
        use = current.get()
        with encodable(host):
            stream = self._inner.connect_tcp(
                use.address(host), port, connect_left(), local_address, socket_options or ()
            )
        return LimitedStream(stream, use.tunnels)

    def sleep(self, seconds: float) -> None:
        self._inner.sleep(seconds)


class AsyncLimitedStream(httpcore2.AsyncNetworkStream):
    """A connection in a task; `connecting` is set until the host behind a proxy is reached."""

    def __init__(self, inner: httpcore2.AsyncNetworkStream, connecting: bool = False) -> None:
        self._inner = inner
        self._connecting = connecting

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with step(self._connecting):
            data = await self._inner.read(max_bytes, step_left(self._connecting))
        if self._connecting:
            current.get().ended = not data
        else:
            current.get().count(data)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        buffer = SecretBytes(buffer)
        current.get().sent = not self._connecting
        with step(self._connecting):
            await self._inner.write(buffer, step_left(self._connecting))

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.AsyncNetworkStream:
        name = current.get().server_name(server_hostname)
        try:
            return AsyncLimitedStream(await self._inner.start_tls(ssl_context, name, connect_left()))
        except BaseException:
            # httpcore2 closes it after errors, but not when the task is cancelled.
            with anyio.CancelScope(shield=True):
                await self._inner.aclose()
            raise

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class AsyncLimitedBackend(httpcore2.AsyncNetworkBackend):
    """Opens connections on one asyncio or trio loop."""

    def __init__(self, inner: httpcore2.AsyncNetworkBackend) -> None:
        self._inner = inner

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: SocketOptions = None,
    ) -> httpcore2.AsyncNetworkStream:
        use = current.get()
        address = use.address(host)
        with encodable(host):
            stream = await self._inner.connect_tcp(address, port, connect_left(), local_address, socket_options or ())
        return AsyncLimitedStream(stream, use.tunnels)

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)
