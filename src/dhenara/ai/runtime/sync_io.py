"""IO for sync code: every coroutine runs to its end without suspending."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, ParamSpec, TypeVar

from ..errors import SyncAsyncMismatchError
from ..wire.http import HttpRequest
from ..wire.io_protocol import WakeupSignal
from ..wire.jobs import Outcome, UserJob, attempt
from ..wire.transport_protocol import AttemptTimeouts, Response, Transport
from .resolve import resolve_addresses
from .sync_transport import blocking_transport
from .threads import ThreadEvent, ThreadPool, run_in_threads

P = ParamSpec("P")
T = TypeVar("T")


def run(step: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never suspends, because all IO of sync code blocks."""
    try:
        step.send(None)
    except StopIteration as done:
        value: T = done.value
        return value
    step.close()
    raise SyncAsyncMismatchError(
        "a sync call met async code. Use generate_async for async layers, tools and transports."
    )


class BlockingIO:
    """IO that blocks; may be shared by threads."""

    def __init__(self, transport: Transport | None = None) -> None:
        self._transport = transport or blocking_transport()

    async def open(self, request: HttpRequest, timeouts: AttemptTimeouts) -> Response:
        return await self._transport.open(request, timeouts)

    async def addresses(self, host: str, port: int, timeout: float) -> tuple[str, ...]:
        return resolve_addresses(host, port, timeout)

    async def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def wakeup_event(self) -> WakeupSignal:
        return ThreadEvent()

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return function(*args, **kwargs)

    async def run_jobs(self, jobs: Sequence[UserJob], at_once: int) -> list[Outcome | None]:
        if at_once == 1 or (len(jobs) == 1 and jobs[0].seconds is None):
            return [attempt(job.work) for job in jobs]
        return ThreadPool(jobs, at_once).run()

    async def run_steps(self, steps: Sequence[Callable[[], Coroutine[Any, Any, T]]], at_once: int) -> list[T]:
        return run_in_threads([partial(start_step, step) for step in steps], at_once)

    def monotonic(self) -> float:
        return time.monotonic()

    def time(self) -> float:
        return time.time()

    def random(self) -> float:
        return random.random()  # for retry jitter only, not security

    async def close(self) -> None:
        await self._transport.close()


def start_step(step: Callable[[], Coroutine[Any, Any, T]]) -> T:
    return run(step())
