"""IO for async code on asyncio and trio: tasks for jobs and steps, and events that any thread may set."""

from __future__ import annotations

import asyncio
import inspect
import random
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from typing import Any, ParamSpec, Self, TypeVar

import anyio
import anyio.to_thread

from ..http.loop_transport import LoopTransport
from ..http.protocol.message import AttemptTimeouts, HttpRequest, Response, Transport
from ..http.sockets.asyncio_network import running_loop, wake_future
from ..http.sockets.connection import resolve_addresses
from .protocol import (
    BackgroundStep,
    Branches,
    JobDone,
    JobFailed,
    Outcome,
    Step,
    UserJob,
    WakeupSignal,
    attempt_awaited,
    begin,
)

T = TypeVar("T")


async def run_jobs(jobs: Sequence[UserJob], concurrency: int) -> list[Outcome | None]:
    """Return every outcome, None for timeouts; cancelling this cancels all jobs."""
    outcomes: list[Outcome | None] = [None] * len(jobs)
    places = anyio.CapacityLimiter(concurrency)

    async def run(index: int, job: UserJob) -> None:
        async with places:
            with anyio.move_on_after(job.seconds):
                outcomes[index] = await job_outcome(job)

    if concurrency == 1:  # in their order; trio starts tasks in any
        for index, job in enumerate(jobs):
            await run(index, job)
        return outcomes
    async with anyio.create_task_group() as group:
        for index, job in enumerate(jobs):
            group.start_soon(run, index, job)
    return outcomes


async def job_outcome(job: UserJob) -> Outcome:
    """Run one job; a thread that still works after a cancellation is abandoned."""
    try:
        if job.awaits:
            return await attempt_awaited(job.work)
        begun: Outcome = await anyio.to_thread.run_sync(begin, job.work, abandon_on_cancel=True)
        if isinstance(begun, JobDone) and inspect.isawaitable(value := begun.value):
            return await attempt_awaited(lambda: value)
    except asyncio.CancelledError:
        if is_cancelled():
            raise
        return JobFailed(CancelledError("it was cancelled from inside"))
    return begun


def is_cancelled() -> bool:
    """Whether the running task was cancelled, rather than something that it waits for. On trio, nothing else is."""
    task = None if running_loop() is None else asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def run_tasks(steps: Sequence[Callable[[], Coroutine[Any, Any, T]]], concurrency: int) -> list[T]:
    """Run the steps as tasks of the running loop; steps not started when one fails are skipped.

    Those that have begun run to their end, because their requests are paid for. Cancellation from outside ends all.
    """
    if len(steps) < 2 or concurrency < 2:
        return [await step() for step in steps]
    places, results, failures = anyio.Semaphore(concurrency), dict[int, T](), list[Exception]()

    async def take(number: int, step: Callable[[], Coroutine[Any, Any, T]]) -> None:
        async with places:
            if failures:
                return
            try:
                results[number] = await step()
            except Exception as error:  # noqa: BLE001  # raised when the others have ended
                failures.append(error)

    async with anyio.create_task_group() as group:
        for number, step in enumerate(steps):
            group.start_soon(take, number, step)
    if failures:
        raise failures[0]
    return [results[number] for number in range(len(steps))]


class LoopEvent:
    """Event for a task of any event loop."""

    __slots__ = ("_lock", "_rung", "_wake")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rung = False
        self._wake: Callable[[], object] | None = None

    def set(self) -> None:
        with self._lock:
            self._rung, wakes = True, self._wake
        if wakes is not None:
            with suppress(RuntimeError):  # the loop is closed, so nobody waits
                wakes()

    async def wait(self, seconds: float) -> None:
        loop = running_loop()
        try:
            await (self._wait_on_trio(seconds) if loop is None else self._wait_on_asyncio(loop, seconds))
        finally:
            with self._lock:
                self._rung, self._wake = False, None

    async def _wait_on_asyncio(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        woken: asyncio.Future[None] = loop.create_future()
        timer = loop.call_later(seconds, wake_future, woken)
        try:
            if not self._register(lambda: loop.call_soon_threadsafe(wake_future, woken)):
                await woken
        finally:
            timer.cancel()

    async def _wait_on_trio(self, seconds: float) -> None:
        import trio

        woken, token = trio.Event(), trio.lowlevel.current_trio_token()
        if not self._register(lambda: token.run_sync_soon(woken.set)):
            with trio.move_on_after(seconds):
                await woken.wait()

    def _register(self, wakes: Callable[[], object]) -> bool:
        """Register the wake function; return whether the event is already set."""
        with self._lock:
            self._wake = wakes
            return self._rung


class TaskBranches:
    """Steps in tasks, for `async with`. The block must not raise, because groups of tasks wrap what it raises."""

    def __init__(self) -> None:
        self._group = anyio.create_task_group()
        self._ended = anyio.Event()
        self._unseen = 0

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(self, *failure: Any) -> bool | None:
        self._group.cancel_scope.cancel()
        return await self._group.__aexit__(*failure)

    def start(self, step: Step) -> None:
        async def work() -> None:
            await step()
            self._unseen += 1
            self._ended.set()

        self._group.start_soon(work)

    async def wait(self, seconds: float | None) -> bool:
        with anyio.move_on_after(seconds):
            await self._ended.wait()
        if not self._unseen:
            return False
        self._unseen -= 1
        if not self._unseen:
            self._ended = anyio.Event()
        return True


class BackgroundTask:
    """A step in a task of the running loop, or a system task of trio, which ends with `trio.run`."""

    blocking = False

    def __init__(self, step: Step, never_begun: Callable[[], None]) -> None:
        self._step = step
        self._never_begun: Callable[[], None] | None = never_begun
        self._over = anyio.Event()
        self._loop: Any = running_loop()
        self._cancel: Callable[[], object]
        if self._loop is None:
            self._spawn_on_trio()
        else:
            task = self._loop.create_task(self._run())
            RUNNING.add(task)
            task.add_done_callback(self._ended)
            self._cancel = task.cancel

    def _ended(self, task: asyncio.Task[None]) -> None:
        RUNNING.discard(task)
        if self._never_begun is not None:
            self._never_begun()

    async def _run(self) -> None:
        self._never_begun = None
        try:
            await self._step()
        finally:
            self._over.set()

    def _spawn_on_trio(self) -> None:
        try:
            import trio
        except ImportError as error:
            raise RuntimeError("there is no event loop") from error
        self._loop, scope = trio.lowlevel.current_trio_token(), trio.CancelScope()

        async def work() -> None:
            with scope:
                await self._run()

        trio.lowlevel.spawn_system_task(work, context=copy_context())
        self._cancel = scope.cancel

    def cancel(self) -> None:
        with suppress(RuntimeError):  # its loop is closed, and the task with it
            if self._is_here():
                self._cancel()
            elif isinstance(self._loop, asyncio.AbstractEventLoop):
                self._loop.call_soon_threadsafe(self._cancel)
            else:
                self._loop.run_sync_soon(self._cancel)

    async def join(self, seconds: float) -> None:
        if self._is_here():
            with anyio.move_on_after(seconds):
                await self._over.wait()

    def _is_here(self) -> bool:
        """Return whether its loop is the running one."""
        if isinstance(self._loop, asyncio.AbstractEventLoop):
            return self._loop is running_loop()
        import trio

        return trio.lowlevel.in_trio_run() and trio.lowlevel.current_trio_token() is self._loop


RUNNING: set[asyncio.Task[None]] = set()
"""Tasks in the background; event loops have only weak references to them."""

P = ParamSpec("P")


class AsyncIO:
    """IO on the running event loop; one client may be used from several loops."""

    def __init__(self, transport: Transport | None = None) -> None:
        self._transport = transport or LoopTransport()

    def open(self, request: HttpRequest, timeouts: AttemptTimeouts) -> Coroutine[Any, Any, Response]:
        return self._transport.open(request, timeouts)

    async def addresses(self, host: str, port: int, timeout: float) -> tuple[str, ...]:
        return await self.call(resolve_addresses, host, port, timeout)

    async def sleep(self, seconds: float) -> None:
        if running_loop() is not None:
            await asyncio.sleep(seconds)
        else:
            await anyio.sleep(seconds)

    def wakeup_event(self) -> WakeupSignal:
        return LoopEvent()

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await anyio.to_thread.run_sync(partial(function, *args, **kwargs))

    async def run_jobs(self, jobs: Sequence[UserJob], concurrency: int) -> list[Outcome | None]:
        return await run_jobs(jobs, concurrency)

    async def run_steps(self, steps: Sequence[Callable[[], Coroutine[Any, Any, T]]], concurrency: int) -> list[T]:
        return await run_tasks(steps, concurrency)

    def branches(self) -> Branches:
        return TaskBranches()

    def spawn(self, step: Step, never_begun: Callable[[], None]) -> BackgroundStep:
        return BackgroundTask(step, never_begun)

    monotonic = staticmethod(time.monotonic)
    random = staticmethod(random.random)  # for retry jitter only, not security

    def time(self) -> float:
        return time.time()

    async def close(self) -> None:
        await self._transport.close()
