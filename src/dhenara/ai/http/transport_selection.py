"""Transports by name (builtin, httpx2, aiohttp) with the TLS settings of one client, and one for each event loop."""

from __future__ import annotations

import asyncio
import time
import weakref
from collections.abc import AsyncGenerator, Callable
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal, get_args

from anyio.lowlevel import RunVar

from ..config import environment
from ..errors import ConfigurationError
from .pool import ConnectionPool
from .protocol.message import AttemptTimeouts, HttpRequest, Response, Transport
from .sockets.asyncio_network import AsyncioNetwork, running_loop
from .tls_settings import TlsSettings
from .transport import HttpTransport, blocking_transport, trusted_context

if TYPE_CHECKING:
    import asyncio
    import ssl

    from .tls import TlsContexts


TransportName = Literal["builtin", "httpx2", "aiohttp"]
TRANSPORTS: tuple[str, ...] = get_args(TransportName)


def check_transport(name: str, is_async: bool | None = None) -> None:
    """Check that a named transport can be used.

    Args:
        name: One of `TRANSPORTS`.
        is_async: Whether calls are async; None if unknown.

    Raises:
        ConfigurationError: If the name is unknown, its package is not installed, or aiohttp is used for sync calls.
    """
    if name not in TRANSPORTS:
        names = ", ".join(map(repr, TRANSPORTS))
        raise ConfigurationError(
            f"unknown transport {name!r}. Use one of {names}, a transport of httpx2, or an object with "
            "`async def open(request, timeouts)` and `async def close()`."
        )
    if name == "aiohttp" and is_async is False:
        raise ConfigurationError(
            "transport='aiohttp' cannot carry sync calls: aiohttp is async only. "
            "Use the async methods, or transport='builtin' or 'httpx2'."
        )
    if name != "builtin" and find_spec(name) is None:
        raise ConfigurationError(
            f"transport={name!r} needs the package {name}, which is not installed. "
            f"Install it with: python -m pip install 'dhenara[{name}]'"
        )


def choose_transport(given: Any, tls: TlsSettings, *, is_async: bool) -> Transport:
    """Return the transport for sync or async calls.

    Args:
        given: A name, a transport object, or None for the built-in transport.
        tls: TLS settings of the client.
        is_async: Whether calls are async.

    Returns:
        The transport; the caller closes those created by name.

    Raises:
        ConfigurationError: If the transport does not fit, or TLS settings are combined with a transport object.
    """
    if given is None or isinstance(given, str):
        name = given or "builtin"
        check_transport(name, is_async)
        return asynchronous(name, tls) if is_async else synchronous(name, tls)
    if not tls.is_default:
        raise ConfigurationError(
            "verify and cert have no effect on a transport object, which has its own TLS settings. "
            "Set them there, or pass the name of a transport."
        )
    if hasattr(given, "open"):
        adapted: Transport = given  # every object with `open` is assumed to follow the protocol
        return adapted
    from .adapters.httpx2_transport import adapt_transport

    return adapt_transport(given, is_async=is_async)


def tls_contexts(tls: TlsSettings) -> TlsContexts:
    from .tls import TlsContexts

    return TlsContexts(tls, environment())


def synchronous(name: str, tls: TlsSettings) -> Transport:
    contexts = tls_contexts(tls)
    if name == "httpx2":
        from .adapters.httpx2_sync import SyncHttpx2Transport

        return SyncHttpx2Transport(contexts, environment())
    return blocking_transport(contexts)


def asynchronous(name: str, tls: TlsSettings) -> Transport:
    """Return a transport that keeps one transport per event loop, because connections belong to a loop."""
    contexts = tls_contexts(tls)
    if name == "httpx2":
        return LoopTransport(partial(httpx2_of, contexts))
    if name == "aiohttp":
        return LoopTransport(partial(aiohttp_of, contexts))
    return LoopTransport(partial(loop_transport, trust=contexts))


def httpx2_of(contexts: TlsContexts, loop: asyncio.AbstractEventLoop | None) -> Transport:
    import httpcore2

    from .adapters.httpx2_async import AsyncHttpx2Transport

    backend = httpcore2.TrioBackend() if loop is None else httpcore2.AnyIOBackend()
    # pyright sees that `AnyIOBackend` names its parameters otherwise than its base class does.
    return AsyncHttpx2Transport(contexts, environment(), backend)  # pyright: ignore[reportArgumentType]


def aiohttp_of(contexts: TlsContexts, loop: asyncio.AbstractEventLoop | None) -> Transport:
    if loop is None:
        raise ConfigurationError(
            "transport='aiohttp' works on asyncio only, and this event loop is trio's. "
            "Use transport='builtin' or 'httpx2' there."
        )
    from .adapters.aiohttp_transport import AiohttpTransport

    return AiohttpTransport(contexts, environment())


TransportFactory = Callable[["asyncio.AbstractEventLoop | None"], Transport]
"""Creates the transport of one loop; None means a loop that is not asyncio's."""

FOREVER = 1e8
"""Seconds; longer than any loop runs."""


class LoopTransport:
    """Keeps one transport per event loop and closes it when that loop ends.

    The loop itself owns the transport (see `LoopState`); here it is only looked up, so that a closed loop can be
    garbage collected while the client lives on.
    """

    def __init__(self, create: TransportFactory | None = None) -> None:
        self._create = create or loop_transport
        self._loops: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, weakref.ref[LoopState]] = (
            weakref.WeakKeyDictionary()
        )
        self._others: RunVar[LoopState] | None = None

    async def open(self, request: HttpRequest, timeouts: AttemptTimeouts) -> Response:
        loop = running_loop()
        stored = self._current(loop)
        if stored is None:
            stored = await self._create_state(loop)
        return await stored.transport.open(request, timeouts)

    async def close(self) -> None:
        loop = running_loop()
        stored = self._current(loop)
        if loop is not None:
            self._loops.pop(loop, None)
        else:
            self._others = None
        if stored is not None:
            await stored.close()

    def _current(self, loop: asyncio.AbstractEventLoop | None) -> LoopState | None:
        if loop is None:
            return self._others.get(None) if self._others is not None else None
        reference = self._loops.get(loop)
        return None if reference is None else reference()

    async def _create_state(self, loop: asyncio.AbstractEventLoop | None) -> LoopState:
        stored = LoopState(self._create(loop))
        if loop is not None:
            stored.hold(loop)
            self._loops[loop] = weakref.ref(stored)
        else:
            self._create_for_trio(stored)
        await anext(stored.guard)
        return stored

    def _create_for_trio(self, stored: LoopState) -> None:
        if self._others is None:
            self._others = RunVar("dhenara.transport")
        self._others.set(stored)


def loop_transport(
    loop: asyncio.AbstractEventLoop | None, trust: Callable[[], ssl.SSLContext] | None = None
) -> HttpTransport:
    """Return the built-in transport for this loop."""
    trust = trust or trusted_context
    if loop is not None:
        return HttpTransport(AsyncioNetwork(loop, trust), ConnectionPool(), time.monotonic, environment())
    from .sockets.trio_network import TrioNetwork

    return HttpTransport(TrioNetwork(trust), ConnectionPool(), time.monotonic, environment())


class LoopState:
    """The transport of one loop.

    Event loops close open async generators when they end, which is their only notification, so `guard` is one that
    closes the transport. A timer that never fires makes the loop own this object; closing the loop cancels its timers.
    """

    __slots__ = ("__weakref__", "_timer", "guard", "transport")

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.guard = close_with_loop(transport)
        self._timer: asyncio.TimerHandle | None = None

    def hold(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = loop.call_later(FOREVER, self.hold, loop)

    async def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        await self.guard.aclose()


async def close_with_loop(transport: Transport) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        await transport.close()
