"""Transports for async code: one per event loop, because connections belong to the loop that opened them.

The loop owns its transport, and the client only looks it up: a timer that never fires holds it, and an open async
generator, which the loop closes at its end, closes it. So a loop that has ended can be garbage collected while the
client lives on, and leaves no connection open.
"""

from __future__ import annotations

import asyncio
import time
import weakref
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import TYPE_CHECKING, Any

from anyio.lowlevel import RunVar

from ..config import environment
from .pool import ConnectionPool
from .protocol.message import AttemptTimeouts, HttpRequest, Response, Transport
from .sockets.asyncio_network import AsyncioNetwork, running_loop
from .transport import HttpTransport, trusted_context

if TYPE_CHECKING:
    import ssl


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
        self._last: tuple[weakref.ref[asyncio.AbstractEventLoop], weakref.ref[LoopState]] | None = None
        """The loop of the last request, which nearly always is that of the next one."""

    def open(self, request: HttpRequest, timeouts: AttemptTimeouts) -> Coroutine[Any, Any, Response]:
        loop, last = running_loop(), self._last
        stored = last[1]() if loop is not None and last is not None and last[0]() is loop else self._current(loop)
        if stored is None:
            return self._open_first(loop, request, timeouts)
        return stored.transport.open(request, timeouts)

    async def _open_first(
        self, loop: asyncio.AbstractEventLoop | None, request: HttpRequest, timeouts: AttemptTimeouts
    ) -> Response:
        stored = await self._create_state(loop)
        return await stored.transport.open(request, timeouts)

    async def close(self) -> None:
        loop = running_loop()
        stored = self._current(loop)
        self._last = None
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
        if reference is None:
            return None
        self._last = weakref.ref(loop), reference
        return reference()

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
