"""Connections of httpx2's pools with our timeouts: httpcore2 takes one timeout, here it is set for every read.

`current` holds the request that a thread or task is working on, so that a connection that serves many requests uses
the limits of the current one.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable
from contextvars import ContextVar
from typing import Any

import httpcore2

from ..wire.io_protocol import AttemptTimeouts
from ..wire.secrets import SecretBytes

SHORTEST = 0.001
"""Shortest timeout; a socket treats 0 as non-blocking."""
SocketOptions = Iterable[httpcore2.SOCKET_OPTION] | None


class Use:
    """One request's use of a pool: its limits and the state of the connection."""

    __slots__ = ("connect_until", "ended", "name", "pinned", "proxied", "timeouts", "tunnels")

    def __init__(
        self, timeouts: AttemptTimeouts, pinned: str | None, name: str, *, proxied: bool, tunnels: bool
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


def step_timeout(error: httpcore2.TimeoutException, connecting: bool) -> httpcore2.TimeoutException:
    return httpcore2.ConnectTimeout(str(error)) if connecting else error


class LimitedStream(httpcore2.NetworkStream):
    """A connection in a thread; `connecting` is set until the host behind a proxy is reached."""

    def __init__(self, inner: httpcore2.NetworkStream, connecting: bool = False) -> None:
        self._inner = inner
        self._connecting = connecting

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            data = self._inner.read(max_bytes, step_left(self._connecting))
        except httpcore2.TimeoutException as error:
            raise step_timeout(error, self._connecting) from error
        current.get().ended = not data
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        buffer = SecretBytes(buffer)
        try:
            self._inner.write(buffer, step_left(self._connecting))
        except httpcore2.TimeoutException as error:
            raise step_timeout(error, self._connecting) from error

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
        stream = self._inner.connect_tcp(use.address(host), port, connect_left(), local_address, socket_options or ())
        return LimitedStream(stream, use.tunnels)

    def sleep(self, seconds: float) -> None:
        self._inner.sleep(seconds)


class AsyncLimitedStream(httpcore2.AsyncNetworkStream):
    """A connection in a task; `connecting` is set until the host behind a proxy is reached."""

    def __init__(self, inner: httpcore2.AsyncNetworkStream, connecting: bool = False) -> None:
        self._inner = inner
        self._connecting = connecting

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            data = await self._inner.read(max_bytes, step_left(self._connecting))
        except httpcore2.TimeoutException as error:
            raise step_timeout(error, self._connecting) from error
        current.get().ended = not data
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        buffer = SecretBytes(buffer)
        try:
            await self._inner.write(buffer, step_left(self._connecting))
        except httpcore2.TimeoutException as error:
            raise step_timeout(error, self._connecting) from error

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.AsyncNetworkStream:
        name = current.get().server_name(server_hostname)
        return AsyncLimitedStream(await self._inner.start_tls(ssl_context, name, connect_left()))

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
        stream = await self._inner.connect_tcp(address, port, connect_left(), local_address, socket_options or ())
        return AsyncLimitedStream(stream, use.tunnels)

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)
