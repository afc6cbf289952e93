"""`transport="httpx2"` for async calls, on asyncio and trio; see `httpx2_sync`."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import anyio
import httpcore2

from ..wire.secrets import SecretBytes
from ..wire.sse import BrokenFraming
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
from .sockets.asyncio_network import running_loop

if TYPE_CHECKING:
    import asyncio


MOST_EARLY = 262_144
"""Most bytes of a response that are kept while the request is still being sent."""


class AsyncHttpx2Transport:
    """Transport for the async calls of one loop."""

    def __init__(self, trust: Trust, environment: Mapping[str, str], backend: httpcore2.AsyncNetworkBackend) -> None:
        self._trust = trust
        self._environment = environment
        self._backend = AsyncLimitedBackend(backend)
        self._pools: Pools[httpcore2.AsyncConnectionPool] = Pools(self._create)

    async def open(self, request: HttpRequest, timeouts: AttemptTimeouts) -> AdaptedResponse:
        """Send the request and return the response once its head has arrived."""
        route = ProxyRoute(request, self._environment)
        pool = self._pools.get(route)  # may load certificates, which is not part of connecting
        use = route.use(request, timeouts)
        try:
            with using(use, route.proxy):
                response = await pool.handle_async_request(route.request(request))
        except BaseException:
            if route.own_pool:
                await pool.aclose()
            raise
        body = AsyncPoolBody(response, use, route.proxy, pool if route.own_pool else None)
        return AdaptedResponse(pool_head_of(response), body, timeouts, secrets_of(route))

    async def close(self) -> None:
        for pool in self._pools.take_all():
            await pool.aclose()

    def _create(self, route: ProxyRoute) -> httpcore2.AsyncConnectionPool:
        return httpcore2.AsyncConnectionPool(
            ssl_context=context_for(route, self._trust),
            proxy=proxy_of(route.proxy, self._trust),
            max_connections=None,
            keepalive_expiry=LONGEST_IDLE,
            network_backend=self._backend,
        )


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


class AsyncLimitedStream(httpcore2.AsyncNetworkStream):
    """A connection in a task; `connecting` is set until the host behind a proxy is reached."""

    def __init__(self, inner: httpcore2.AsyncNetworkStream, connecting: bool = False) -> None:
        self._inner = inner
        self._connecting = connecting
        self._arrived = Arrived()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if (early := self._arrived.take_early()) is not None:
            return early
        with step(self._connecting):
            data = await self._inner.read(max_bytes, step_left(self._connecting))
        return self._arrived.add(data, connecting=self._connecting)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        buffer = SecretBytes(buffer)
        use = current.get()
        if use.check.has_head:
            raise httpcore2.WriteError(ANSWERED)
        use.sent = not self._connecting
        with step(self._connecting):
            if use.uploads and not self._connecting:
                await self._upload(buffer)
            else:
                await self._inner.write(buffer, step_left(self._connecting))

    async def _upload(self, buffer: bytes) -> None:
        """Write and read at the same time; stop with WriteError once the response is complete.

        It goes on until then, because trio's TLS streams cannot be read after a write was cancelled.
        """
        problem: Exception | None = httpcore2.WriteError(ANSWERED)

        async def read_response() -> None:
            nonlocal problem
            try:
                while not await self._is_answered():
                    pass
            except BrokenFraming as error:
                problem = error
            except httpcore2.NetworkError:
                return  # writing fails too, and tells why
            both.cancel_scope.cancel()

        async with anyio.create_task_group() as both:
            both.start_soon(read_response)
            try:
                await self._inner.write(buffer, step_left(False))
                problem = None
            except (httpcore2.NetworkError, httpcore2.TimeoutException) as error:
                problem = error
            both.cancel_scope.cancel()
        if problem is not None:
            raise problem

    async def _is_answered(self) -> bool:
        data = self._arrived.add(await self._inner.read(LARGEST_READ), connecting=False, early=True)
        check = current.get().check
        return not data or check.done or (check.has_head and self._arrived.early_bytes > MOST_EARLY)

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
        if info == "is_readable" and self._arrived.spoiled:
            return True
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
