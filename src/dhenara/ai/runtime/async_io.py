"""IO for async code on asyncio and trio."""

from __future__ import annotations

import random
import time
import weakref
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from ..config.environment import environment
from ..wire.http import HttpRequest
from ..wire.io_protocol import AttemptTimeouts, Response, Transport, WakeupSignal
from ..wire.jobs import Outcome, UserJob
from .asyncio_network import AsyncioNetwork, running_loop
from .http import HttpTransport
from .pool import ConnectionPool
from .resolve import resolve_addresses
from .sync_io import trusted_context

if TYPE_CHECKING:
    import asyncio
    import ssl

    import anyio.lowlevel

P = ParamSpec("P")
T = TypeVar("T")


TransportFactory = Callable[["asyncio.AbstractEventLoop | None"], Transport]
"""Creates the transport of one loop; None means a loop that is not asyncio's."""

FOREVER = 1e8
"""Seconds; longer than any loop runs."""


class LoopTransport:
    """Keeps one transport per event loop and closes it when that loop ends.

    The loop itself owns the transport (see `LoopState`); here it is only looked up, so that a closed loop can be
    garbage
    collected while the client lives on.
    """

    def __init__(self, create: TransportFactory | None = None) -> None:
        self._create = create or loop_transport
        self._loops: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, weakref.ref[LoopState]] = (
            weakref.WeakKeyDictionary()
        )
        self._others: anyio.lowlevel.RunVar[LoopState] | None = None

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
        from anyio.lowlevel import RunVar

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
    from .trio_network import TrioNetwork

    return HttpTransport(TrioNetwork(trust), ConnectionPool(), time.monotonic, environment())


class LoopState:
    """The transport of one loop.

    Event loops close open async generators when they end, which is their only notification, so `guard` is one that
    closes
    the transport. A timer that never fires makes the loop own this object; closing the loop cancels its timers.
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


class AsyncIO:
    """IO on the running event loop; one client may be used from several loops."""

    def __init__(self, transport: Transport | None = None) -> None:
        self._transport = transport or LoopTransport()

    async def open(self, request: HttpRequest, timeouts: AttemptTimeouts) -> Response:
        return await self._transport.open(request, timeouts)

    async def addresses(self, host: str, port: int, timeout: float) -> tuple[str, ...]:
        return await self.call(resolve_addresses, host, port, timeout)

    async def sleep(self, seconds: float) -> None:
        if running_loop() is not None:
            import asyncio

            await asyncio.sleep(seconds)
        else:
            import anyio

            await anyio.sleep(seconds)

    def wakeup_event(self) -> WakeupSignal:
        from .events import LoopEvent

        return LoopEvent()

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        import anyio.to_thread

        return await anyio.to_thread.run_sync(partial(function, *args, **kwargs))

    async def run_jobs(self, jobs: Sequence[UserJob], at_once: int) -> list[Outcome | None]:
        from .async_jobs import run_jobs

        return await run_jobs(jobs, at_once)

    async def run_steps(self, steps: Sequence[Callable[[], Coroutine[Any, Any, T]]], at_once: int) -> list[T]:
        from .concurrency import run_tasks

        return await run_tasks(steps, at_once)

    def monotonic(self) -> float:
        return time.monotonic()

    def time(self) -> float:
        return time.time()

    def random(self) -> float:
        return random.random()

    async def close(self) -> None:
        await self._transport.close()
