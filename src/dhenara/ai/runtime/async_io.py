"""IO for async code on asyncio and trio."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, ParamSpec, TypeVar

from ..wire.http import HttpRequest
from ..wire.io_protocol import WakeupSignal
from ..wire.jobs import Outcome, UserJob
from ..wire.transport_protocol import AttemptTimeouts, Response, Transport
from .asyncio_network import running_loop
from .loop_transport import LoopTransport
from .resolve import resolve_addresses
from .tasks import LoopEvent, run_jobs, run_tasks

P = ParamSpec("P")
T = TypeVar("T")


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
        return LoopEvent()

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        import anyio.to_thread

        return await anyio.to_thread.run_sync(partial(function, *args, **kwargs))

    async def run_jobs(self, jobs: Sequence[UserJob], at_once: int) -> list[Outcome | None]:
        return await run_jobs(jobs, at_once)

    async def run_steps(self, steps: Sequence[Callable[[], Coroutine[Any, Any, T]]], at_once: int) -> list[T]:
        return await run_tasks(steps, at_once)

    def monotonic(self) -> float:
        return time.monotonic()

    def time(self) -> float:
        return time.time()

    def random(self) -> float:
        return random.random()

    async def close(self) -> None:
        await self._transport.close()
