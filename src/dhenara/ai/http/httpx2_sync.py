"""`transport="httpx2"` for sync calls: the pools of httpx2 (package httpcore2) with the rules of this library.

No retries, redirects, cookies or netrc; proxies come from the environment, including SOCKS.
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Mapping
from typing import Any

import httpcore2

from ..wire.secrets import SecretBytes
from .httpx2_limits import (
    ANSWERED,
    LARGEST_READ,
    Arrived,
    SocketOptions,
    Use,
    connect_left,
    current,
    encodable,
    step,
    step_left,
    using,
)
from .httpx2_transport import LONGEST_IDLE, Pools, ProxyRoute, Trust, context_for, pool_head_of, proxy_of, secrets_of
from .protocol.message import AttemptTimeouts, HttpRequest
from .proxy import Proxy
from .response import AdaptedResponse
from .sockets.socket_connection import wait_for_either


class SyncHttpx2Transport:
    """Transport for sync calls."""

    def __init__(self, trust: Trust, environment: Mapping[str, str]) -> None:
        self._trust = trust
        self._environment = environment
        self._pools: Pools[httpcore2.ConnectionPool] = Pools(self._create)
        self._owner = os.getpid()

    async def open(self, request: HttpRequest, timeouts: AttemptTimeouts) -> AdaptedResponse:
        """Send the request and return the response once its head has arrived."""
        route = ProxyRoute(request, self._environment)
        self._forget_after_fork()
        pool = self._pools.get(route)  # may load certificates, which is not part of connecting
        use = route.use(request, timeouts)
        try:
            with using(use, route.proxy):
                response = pool.handle_request(route.request(request))
        except BaseException:
            if route.own_pool:
                pool.close()
            raise
        body = SyncBody(response, use, route.proxy, pool if route.own_pool else None)
        return AdaptedResponse(pool_head_of(response), body, timeouts, secrets_of(route))

    async def close(self) -> None:
        for pool in self._pools.take_all():
            pool.close()

    def _forget_after_fork(self) -> None:
        """In a forked child, close its copies of sockets; httpcore2 does not shut them down, so the parent keeps its
        own.
        """
        if self._owner != os.getpid():
            self._owner = os.getpid()
            for pool in self._pools.take_all():
                pool.close()

    def _create(self, route: ProxyRoute) -> httpcore2.ConnectionPool:
        return httpcore2.ConnectionPool(
            ssl_context=context_for(route, self._trust),
            proxy=proxy_of(route.proxy, self._trust),
            max_connections=None,
            keepalive_expiry=LONGEST_IDLE,
            network_backend=LimitedBackend(),
        )


class SyncBody:
    """The body of a response in sync code."""

    def __init__(
        self, response: httpcore2.Response, use: Use, proxy: Proxy | None, pool: httpcore2.ConnectionPool | None
    ) -> None:
        self._response = response
        self._use = use
        self._proxy = proxy
        self._pool = pool
        self._chunks = response.iter_stream()

    async def read(self, timeout: float | None) -> bytes:
        with using(self._use, self._proxy, began=True):
            return next(self._chunks, b"")

    async def close(self) -> None:
        self.drop()

    def drop(self) -> None:
        with using(self._use, self._proxy, began=True):
            self._response.close()
        if self._pool is not None:
            self._pool.close()


class LimitedStream(httpcore2.NetworkStream):
    """A connection in a thread; `connecting` is set until the host behind a proxy is reached."""

    def __init__(self, inner: httpcore2.NetworkStream, connecting: bool = False, layers: int = 0) -> None:
        self._inner = inner
        self._connecting = connecting
        self._layers = layers
        """How often TLS was started on it: twice for an https host behind an https proxy."""
        self._arrived = Arrived()

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if (early := self._arrived.take_early()) is not None:
            return early
        with step(self._connecting):
            data = self._inner.read(max_bytes, step_left(self._connecting))
        return self._arrived.add(data, connecting=self._connecting)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        buffer = SecretBytes(buffer)
        use = current.get()
        if use.check.has_head:
            raise httpcore2.WriteError(ANSWERED)
        use.sent = not self._connecting
        with step(self._connecting):
            # TLS inside of TLS has no socket of its own that could be waited for.
            if use.uploads and not self._connecting and self._layers < 2:
                self._upload(buffer)
            else:
                self._inner.write(buffer, step_left(self._connecting))

    def _upload(self, buffer: bytes) -> None:
        """Write; stop with WriteError once the response has begun."""
        connected: socket.socket = self._inner.get_extra_info("socket")
        connected.settimeout(0)
        view = memoryview(buffer)
        while view:
            try:
                view = view[connected.send(view) :]
                continue
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                pass
            except OSError as error:
                raise httpcore2.WriteError(str(error)) from error
            try:
                readable = wait_for_either(connected, step_left(False))
            except TimeoutError as error:
                raise httpcore2.WriteTimeout("the request could not be sent in time") from error
            if readable and self._has_answer(connected):
                raise httpcore2.WriteError(ANSWERED)

    def _has_answer(self, connected: socket.socket) -> bool:
        try:
            data = connected.recv(LARGEST_READ)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return False  # a TLS record that is not complete, or holds no data
        except OSError as error:
            raise httpcore2.WriteError(str(error)) from error
        self._arrived.add(data, connecting=False, early=True)
        return not data or current.get().check.has_head

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        name = current.get().server_name(server_hostname)
        return LimitedStream(self._inner.start_tls(ssl_context, name, connect_left()), layers=self._layers + 1)

    def get_extra_info(self, info: str) -> Any:
        # httpcore2 takes an idle connection that is readable for one that was closed.
        if info == "is_readable" and self._arrived.spoiled:
            return True
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
