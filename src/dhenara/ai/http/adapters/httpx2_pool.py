"""`transport="httpx2"`: httpx2's connection pools (package httpcore2), sync and async, with the rules of this
library.

No retries, redirects, cookies or netrc; proxies come from the environment, including SOCKS.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpcore2

from ...errors import ConfigurationError
from ..protocol.interfaces import AttemptTimeouts
from ..protocol.message import BodyPieces, Head, HttpRequest
from ..proxy import PORTS, Proxy, bracketed, find_proxy
from ..response import AdaptedResponse
from ..sockets.asyncio_network import running_loop
from ..transport import encode_head
from .httpx2_errors import using
from .httpx2_network import AsyncLimitedBackend, LimitedBackend, Use

if TYPE_CHECKING:
    import asyncio


KINDS = tuple(PORTS)
LONGEST_IDLE = 55.0
Trust = Callable[[], ssl.SSLContext]


class ProxyRoute:
    """Where one request goes, and through which proxy."""

    def __init__(self, request: HttpRequest, environment: Mapping[str, str]) -> None:
        encode_head(request, "/", {})  # rejects header injection
        parts = urlsplit(request.url)
        host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
        self.secure = parts.scheme == "https"
        self.proxy = find_proxy(parts.scheme, host, environment, port, KINDS)
        self.own_pool = request.once or request.address is not None
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self.name = host
        # A proxy resolves names itself; a checked address is passed on instead.
        server_address = request.address if request.address is not None and self.proxy is not None else host
        self.url = httpcore2.URL(scheme=parts.scheme, host=server_address, port=parts.port, target=path)
        named = bracketed(host) if port == PORTS[parts.scheme] else f"{bracketed(host)}:{port}"
        self.headers = [*headers_of(request, named)]

    def use(self, request: HttpRequest, timeouts: AttemptTimeouts) -> Use:
        return Use(
            timeouts,
            request.address,
            self.name,
            proxied=self.proxy is not None,
            tunnels=self.proxy is not None and self.secure,
            head_limit=request.limits.head_bytes,
        )

    def request(self, request: HttpRequest) -> httpcore2.Request:
        body = request.body if isinstance(request.body, bytes) else RequestBody(request.body)
        return httpcore2.Request(request.method, self.url, headers=self.headers, content=body)


def headers_of(request: HttpRequest, host: str) -> Iterator[tuple[bytes, bytes]]:
    if "host" not in request.headers:
        yield b"host", host.encode("latin-1")
    for name, value in request.headers.items():
        yield name.encode("latin-1"), value.encode("latin-1")
    size = len(request.body) if isinstance(request.body, bytes) else request.body.size
    if size or request.method in ("POST", "PUT", "PATCH"):
        yield b"content-length", str(size).encode()


class RequestBody:
    """A request body in pieces, for sync and async."""

    def __init__(self, pieces: BodyPieces) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._pieces)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece


class SyncHttpx2Transport:
    """Transport for sync calls."""

    def __init__(self, trust: Trust, environment: Mapping[str, str]) -> None:
        self._trust = trust
        self._environment = environment
        self._pools: dict[tuple[Proxy | None, bool], httpcore2.ConnectionPool] = {}
        self._owner = os.getpid()

    async def open(self, request: HttpRequest, timeouts: AttemptTimeouts) -> AdaptedResponse:
        """Send the request and return the response once its head has arrived."""
        route = ProxyRoute(request, self._environment)
        use = route.use(request, timeouts)
        pool = self._pool(route)
        try:
            with using(use, route.proxy):
                response = pool.handle_request(route.request(request))
                use.reading_head = False
        except BaseException:
            if route.own_pool:
                pool.close()
            raise
        body = SyncBody(response, use, route.proxy, pool if route.own_pool else None)
        return AdaptedResponse(head_of(response), body, timeouts, secrets_of(route))

    async def close(self) -> None:
        self._forget_after_fork()
        pools, self._pools = self._pools, {}
        for pool in pools.values():
            pool.close()

    def _forget_after_fork(self) -> None:
        """Close inherited sockets in a forked child; httpcore2 does not shut them down, so the parent is not
        affected.
        """
        if self._owner != os.getpid():
            pools, self._pools, self._owner = self._pools, {}, os.getpid()
            for pool in pools.values():
                pool.close()

    def _pool(self, route: ProxyRoute) -> httpcore2.ConnectionPool:
        """Return the pool; plain HTTP avoids loading a TLS context, which takes time."""
        self._forget_after_fork()
        if route.own_pool:
            return self._create(route)
        key = (route.proxy, route.secure)
        if key not in self._pools:
            self._pools.setdefault(key, self._create(route))
        return self._pools[key]

    def _create(self, route: ProxyRoute) -> httpcore2.ConnectionPool:
        return httpcore2.ConnectionPool(
            ssl_context=context_for(route, self._trust),
            proxy=proxy_of(route.proxy, self._trust),
            max_connections=None,
            keepalive_expiry=LONGEST_IDLE,
            network_backend=LimitedBackend(),
        )


class AsyncHttpx2Transport:
    """Transport for the async calls of one loop."""

    def __init__(self, trust: Trust, environment: Mapping[str, str], backend: httpcore2.AsyncNetworkBackend) -> None:
        self._trust = trust
        self._environment = environment
        self._backend = AsyncLimitedBackend(backend)
        self._pools: dict[tuple[Proxy | None, bool], httpcore2.AsyncConnectionPool] = {}

    async def open(self, request: HttpRequest, timeouts: AttemptTimeouts) -> AdaptedResponse:
        """Send the request and return the response once its head has arrived."""
        route = ProxyRoute(request, self._environment)
        use = route.use(request, timeouts)
        pool = self._pool(route)
        try:
            with using(use, route.proxy):
                response = await pool.handle_async_request(route.request(request))
                use.reading_head = False
        except BaseException:
            if route.own_pool:
                await pool.aclose()
            raise
        body = AsyncPoolBody(response, use, route.proxy, pool if route.own_pool else None)
        return AdaptedResponse(head_of(response), body, timeouts, secrets_of(route))

    async def close(self) -> None:
        pools, self._pools = self._pools, {}
        for pool in pools.values():
            await pool.aclose()

    def _pool(self, route: ProxyRoute) -> httpcore2.AsyncConnectionPool:
        if route.own_pool:
            return self._create(route)
        key = (route.proxy, route.secure)
        if key not in self._pools:
            self._pools[key] = self._create(route)
        return self._pools[key]

    def _create(self, route: ProxyRoute) -> httpcore2.AsyncConnectionPool:
        return httpcore2.AsyncConnectionPool(
            ssl_context=context_for(route, self._trust),
            proxy=proxy_of(route.proxy, self._trust),
            max_connections=None,
            keepalive_expiry=LONGEST_IDLE,
            network_backend=self._backend,
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


class AsyncPoolBody:
    """The body of a response in async code."""

    def __init__(
        self, response: httpcore2.Response, use: Use, proxy: Proxy | None, pool: httpcore2.AsyncConnectionPool | None
    ) -> None:
        self._response = response
        self._use = use
        self._proxy = proxy
        self._pool = pool
        self._chunks = response.aiter_stream()
        self._in_owner = in_this_loop()

    async def read(self, timeout: float | None) -> bytes:
        with using(self._use, self._proxy, began=True):
            return await anext(self._chunks, b"")

    async def close(self) -> None:
        with using(self._use, self._proxy, began=True):
            with suppress(RuntimeError):  # another task is reading; closing the response ends that
                await self._chunks.aclose()
            await self._response.aclose()
        if self._pool is not None:
            await self._pool.aclose()

    def drop(self) -> None:
        """Close the connection on its own loop, as soon as that runs."""
        self._in_owner(self.close)


def in_this_loop() -> Callable[[Callable[[], Coroutine[Any, Any, None]]], None]:
    """Return a function that starts work in this loop from any thread; a no-op once the loop has ended."""
    loop = running_loop()
    if loop is None:
        return in_this_trio_run()
    tasks: set[asyncio.Task[None]] = set()

    def start(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        task = loop.create_task(work())
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    def later(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        with suppress(RuntimeError):  # the loop is closed, and its connections with it
            loop.call_soon_threadsafe(start, work)

    return later


def in_this_trio_run() -> Callable[[Callable[[], Coroutine[Any, Any, None]]], None]:
    import trio

    token = trio.lowlevel.current_trio_token()

    def later(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        with suppress(trio.RunFinishedError):
            token.run_sync_soon(trio.lowlevel.spawn_system_task, work)

    return later


def head_of(response: httpcore2.Response) -> Head:
    headers: dict[str, str] = {}
    for raw_name, raw_value in response.headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    phrase = response.extensions.get("reason_phrase", b"")
    return Head(response.status, headers, phrase.decode("latin-1"))


def secrets_of(route: ProxyRoute) -> tuple[str, ...]:
    """Return credentials sent to the proxy, which the response may repeat."""
    return route.proxy.secrets() if route.proxy is not None and not route.secure else ()


def context_for(route: ProxyRoute, trust: Trust) -> ssl.SSLContext | None:
    return trust() if route.secure else None


def proxy_of(proxy: Proxy | None, trust: Trust) -> httpcore2.Proxy | None:
    if proxy is None:
        return None
    if proxy.scheme.startswith("socks"):
        require_socks()
    auth = (proxy.username.encode(), proxy.password.encode()) if proxy.username or proxy.password else None
    return httpcore2.Proxy(proxy.url, auth, ssl_context=trust() if proxy.scheme == "https" else None)


def require_socks() -> None:
    if find_spec("socksio") is None:
        raise ConfigurationError(
            "a SOCKS proxy needs the package socksio, which is not installed. "
            "Install it with: python -m pip install 'httpx2[socks]'"
        )
