"""The async world: the same answers, given by whichever event loop is running."""

from __future__ import annotations

import random
import time
import weakref
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from ..config.environment import environment
from ..wire.http import HttpRequest
from ..wire.io import Bell, Patience, Response, Transport
from ..wire.jobs import Job, Outcome
from .asyncio_net import AsyncioNet, running
from .blocking import trusted
from .http import HttpTransport
from .places import places
from .pool import Pool

if TYPE_CHECKING:
    import asyncio
    import ssl

    import anyio.lowlevel

P = ParamSpec("P")
T = TypeVar("T")


TransportFactory = Callable[["asyncio.AbstractEventLoop | None"], Transport]
"""Creates the transport of one loop; None stands for a loop that is not asyncio's."""

FOREVER = 1e8
"""Seconds: longer than any loop runs."""


class LoopTransport:
    """Keeps connections with the loop that made them, and closes them when that loop ends.

    What belongs to a loop is held by the loop itself (see `Kept`) and only looked up here, so that a loop that was
    closed by hand can be collected while the client lives on.
    """

    def __init__(self, create: TransportFactory | None = None) -> None:
        self._create = create or loop_transport
        self._loops: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, weakref.ref[Kept]] = (
            weakref.WeakKeyDictionary()
        )
        self._others: anyio.lowlevel.RunVar[Kept] | None = None

    async def open(self, request: HttpRequest, patience: Patience) -> Response:
        loop = running()
        kept = self._found(loop)
        if kept is None:
            kept = await self._keep(loop)
        return await kept.transport.open(request, patience)

    async def close(self) -> None:
        loop = running()
        kept = self._found(loop)
        if loop is not None:
            self._loops.pop(loop, None)
        else:
            self._others = None
        if kept is not None:
            await kept.close()

    def _found(self, loop: asyncio.AbstractEventLoop | None) -> Kept | None:
        if loop is None:
            return self._others.get(None) if self._others is not None else None
        reference = self._loops.get(loop)
        return None if reference is None else reference()

    async def _keep(self, loop: asyncio.AbstractEventLoop | None) -> Kept:
        kept = Kept(self._create(loop))
        if loop is not None:
            kept.hold(loop)
            self._loops[loop] = weakref.ref(kept)
        else:
            self._keep_elsewhere(kept)
        await anext(kept.guard)
        return kept

    def _keep_elsewhere(self, kept: Kept) -> None:
        from anyio.lowlevel import RunVar

        if self._others is None:
            self._others = RunVar("dhenara.transport")
        self._others.set(kept)


def loop_transport(
    loop: asyncio.AbstractEventLoop | None, trust: Callable[[], ssl.SSLContext] | None = None
) -> HttpTransport:
    """The built-in transport over the connections of this loop."""
    trust = trust or trusted
    if loop is not None:
        return HttpTransport(AsyncioNet(loop, trust), Pool(), time.monotonic, environment())
    from .trio_net import TrioNet

    return HttpTransport(TrioNet(trust), Pool(), time.monotonic, environment())


class Kept:
    """The transport of one loop.

    Event loops close the async generators that are still open when they end; it is the only notice they give,
    so one stands guard over the connections. A timer that is never due makes the loop hold all this: closing the
    loop, by whichever way, cancels its timers.
    """

    __slots__ = ("__weakref__", "_timer", "guard", "transport")

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.guard = watch(transport)
        self._timer: asyncio.TimerHandle | None = None

    def hold(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = loop.call_later(FOREVER, self.hold, loop)

    async def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        await self.guard.aclose()


async def watch(transport: Transport) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        await transport.close()


class AsyncIO:
    """Answers by waiting on the running loop. One client may be used from several loops."""

    def __init__(self, transport: Transport | None = None) -> None:
        self._transport = transport or LoopTransport()

    async def open(self, request: HttpRequest, patience: Patience) -> Response:
        return await self._transport.open(request, patience)

    async def addresses(self, host: str, port: int, timeout: float) -> tuple[str, ...]:
        return await self.call(places, host, port, timeout)

    async def sleep(self, seconds: float) -> None:
        if running() is not None:
            import asyncio

            await asyncio.sleep(seconds)
        else:
            import anyio

            await anyio.sleep(seconds)

    def bell(self) -> Bell:
        from .bells import LoopBell

        return LoopBell()

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        import anyio.to_thread

        return await anyio.to_thread.run_sync(partial(function, *args, **kwargs))

    async def gather(self, jobs: Sequence[Job], at_once: int) -> list[Outcome | None]:
        from .tasks import gather

        return await gather(jobs, at_once)

    async def together(self, steps: Sequence[Callable[[], Coroutine[Any, Any, T]]], at_once: int) -> list[T]:
        from .together import awaited

        return await awaited(steps, at_once)

    def now(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()

    def chance(self) -> float:
        return random.random()

    async def close(self) -> None:
        await self._transport.close()
