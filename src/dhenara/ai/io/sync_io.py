"""IO for sync code: coroutines that never suspend, jobs in threads, and steps in threads that can be cancelled."""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar, copy_context
from dataclasses import replace
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, ParamSpec, Self, TypeVar

from ..errors import SyncAsyncMismatchError
from ..http.protocol.message import AttemptTimeouts, HttpRequest, Response, Transport
from ..http.sockets.connection import resolve_addresses
from ..http.transport import blocking_transport
from .protocol import BackgroundStep, Branches, Outcome, Step, StepCancelled, UserJob, WakeupSignal, attempt, new_lock

T = TypeVar("T")
Finished = tuple[int, Outcome | BaseException]


class ThreadPool:
    """Runs jobs on daemon threads; a thread that exceeds its timeout is abandoned and does not delay exit."""

    def __init__(self, jobs: Sequence[UserJob], concurrency: int) -> None:
        self._waiting = deque(enumerate(jobs))
        self._concurrency = concurrency
        self._running: dict[int, float | None] = {}
        self._finished: SimpleQueue[Finished] = SimpleQueue()
        self._outcomes: list[Outcome | None] = [None] * len(jobs)

    def run(self) -> list[Outcome | None]:
        while self._waiting or self._running:
            while self._waiting and len(self._running) < self._concurrency:
                self._start(*self._waiting.popleft())
            self._wait()
        return self._outcomes

    def _start(self, index: int, job: UserJob) -> None:
        self._running[index] = None if job.seconds is None else time.monotonic() + job.seconds
        context = copy_context()

        def work() -> None:
            try:
                self._finished.put((index, context.run(attempt, job.work)))
            except BaseException as error:  # noqa: BLE001  # such as SystemExit: raised where the jobs are awaited
                self._finished.put((index, error))

        threading.Thread(target=work, name="dhenara-tool", daemon=True).start()

    def _wait(self) -> None:
        """Wait until a job finishes or times out."""
        limits = [limit for limit in self._running.values() if limit is not None]
        try:
            wait = max(0.0, min(limits) - time.monotonic()) if limits else None
            index, outcome = self._finished.get(timeout=wait)
        except Empty:
            now = time.monotonic()
            self._running = {i: limit for i, limit in self._running.items() if limit is None or limit > now}
            return
        if index not in self._running:
            return  # it had timed out
        del self._running[index]
        if isinstance(outcome, BaseException):
            raise outcome
        self._outcomes[index] = outcome


def run_in_threads(steps: Sequence[Callable[[], T]], concurrency: int) -> list[T]:
    """Run each step in a thread with its own context; steps not started when one fails are skipped."""
    if len(steps) < 2 or concurrency < 2:
        return [step() for step in steps]
    threads = ThreadPoolExecutor(min(concurrency, len(steps)), "dhenara")
    begun = [threads.submit(copy_context().run, step) for step in steps]
    try:
        results = [one.result() for one in begun]
    except BaseException as error:
        # After Ctrl-C, running requests are not waited for.
        threads.shutdown(wait=isinstance(error, Exception), cancel_futures=True)
        raise
    threads.shutdown()
    return results


class CancelScope:
    """A step in a thread that another thread may cancel: its connections are closed, and its waits end."""

    def __init__(self) -> None:
        self.cancelled = False
        self.over = threading.Event()
        self._stops: set[Callable[[], None]] = set()
        self._lock = new_lock()

    def cancel(self) -> bool:
        """Cancel the step; return whether something that it waits for could be ended."""
        with self._lock:
            self.cancelled = True
            stops, self._stops = self._stops, set()
        for stop in stops:
            stop()
        return bool(stops)

    def check(self) -> None:
        """Raise StepCancelled if the step was cancelled."""
        if self.cancelled:
            raise StepCancelled

    def add_stop(self, stop: Callable[[], None]) -> None:
        """Call this function when the step is cancelled; raises StepCancelled if it was."""
        with self._lock:
            self.check()
            self._stops.add(stop)

    def wait_for(self, event: threading.Event, seconds: float) -> None:
        """Wait for the event at most so many seconds; raises StepCancelled when the step is cancelled."""
        self.add_stop(event.set)
        event.wait(seconds)
        self.remove_stops([event.set])
        self.check()

    def remove_stops(self, stops: list[Callable[[], None]]) -> None:
        """Forget these functions: what they would end is over."""
        with self._lock:
            self._stops.difference_update(stops)

    async def open(self, transport: Transport, request: HttpRequest, timeouts: AttemptTimeouts) -> Response:
        """Send a request that can be cancelled."""
        stops: list[Callable[[], None]] = []

        def add(stop: Callable[[], None]) -> None:
            stops.append(stop)
            self.add_stop(stop)

        self.check()
        try:
            response = await transport.open(replace(request, on_connection=add), timeouts)
        except Exception:
            self.remove_stops(stops)
            self.check()
            raise
        if self.cancelled:
            response.abandon()
            raise StepCancelled
        return CancellableResponse(response, self, stops)

    def run(self, step: Step) -> None:
        """Run the step in this thread."""
        SCOPE.set(self)
        try:
            run(step())
        except StepCancelled:
            pass
        finally:
            self.over.set()


SCOPE: ContextVar[CancelScope | None] = ContextVar("dhenara_step", default=None)
"""The step that this thread runs, if it can be cancelled."""


class CancellableResponse:
    """A response whose reading ends when its step is cancelled."""

    __slots__ = ("_response", "_scope", "_stops", "head", "secrets")

    def __init__(self, response: Response, scope: CancelScope, stops: list[Callable[[], None]]) -> None:
        self._response = response
        self._scope = scope
        self._stops = stops
        self.head = response.head
        self.secrets: tuple[str, ...] = getattr(response, "secrets", ())

    async def read(self) -> bytes:
        try:
            data = await self._response.read()
        except Exception:
            self._scope.check()
            raise
        if not data:
            self._scope.remove_stops(self._stops)
        return data

    async def close(self) -> None:
        self._scope.remove_stops(self._stops)
        await self._response.close()

    def abandon(self) -> None:
        self._scope.remove_stops(self._stops)
        self._response.abandon()


CLEANED_UP = 0.2  # longest time in seconds to wait until a cancelled step has cleaned up


class ThreadBranches:
    """Steps in threads, for `async with`. Threads that cannot be interrupted are left to end by themselves."""

    def __init__(self) -> None:
        self._scopes: list[CancelScope] = []
        self._ended: SimpleQueue[BaseException | None] = SimpleQueue()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *failure: object) -> None:
        cancelled = [scope for scope in self._scopes if not scope.over.is_set() and scope.cancel()]
        until = time.monotonic() + CLEANED_UP
        for scope in cancelled:
            scope.over.wait(max(0.0, until - time.monotonic()))

    def start(self, step: Step) -> None:
        scope = CancelScope()
        self._scopes.append(scope)

        def work() -> None:
            failure: BaseException | None = None
            try:
                scope.run(step)
            except BaseException as error:  # noqa: BLE001  # raised in the thread that waits
                failure = error
            self._ended.put(failure)

        threading.Thread(target=copy_context().run, args=(work,), name="dhenara-branch", daemon=True).start()

    async def wait(self, seconds: float | None) -> bool:
        try:
            failure = self._ended.get(timeout=seconds)
        except Empty:
            return False
        if failure is not None:
            raise failure
        return True


class BackgroundThread:
    """A step in a daemon thread."""

    blocking = True

    def __init__(self, step: Step) -> None:
        self._scope = CancelScope()
        context = copy_context()
        work = partial(context.run, self._scope.run, step)  # pyright: ignore[reportArgumentType]  # of a generic method
        threading.Thread(target=work, name="dhenara-background", daemon=True).start()

    def cancel(self) -> None:
        self._scope.cancel()

    async def join(self, seconds: float) -> None:
        self._scope.over.wait(seconds)


class ThreadEvent:
    """Event for a blocking thread."""

    __slots__ = ("_rung",)

    def __init__(self) -> None:
        self._rung = threading.Event()

    def set(self) -> None:
        self._rung.set()

    async def wait(self, seconds: float) -> None:
        scope = SCOPE.get()
        if scope is None:
            self._rung.wait(seconds)
        else:
            scope.wait_for(self._rung, seconds)
        self._rung.clear()


P = ParamSpec("P")


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

    def open(self, request: HttpRequest, timeouts: AttemptTimeouts) -> Coroutine[Any, Any, Response]:
        scope = SCOPE.get()
        return (
            self._transport.open(request, timeouts) if scope is None else scope.open(self._transport, request, timeouts)
        )

    async def addresses(self, host: str, port: int, timeout: float) -> tuple[str, ...]:
        return resolve_addresses(host, port, timeout)

    async def sleep(self, seconds: float) -> None:
        scope = SCOPE.get()
        if scope is None:
            time.sleep(seconds)
        else:
            scope.wait_for(threading.Event(), seconds)

    def wakeup_event(self) -> WakeupSignal:
        return ThreadEvent()

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return function(*args, **kwargs)

    async def run_jobs(self, jobs: Sequence[UserJob], concurrency: int) -> list[Outcome | None]:
        if concurrency == 1 or (len(jobs) == 1 and jobs[0].seconds is None):
            return [attempt(job.work) for job in jobs]
        return ThreadPool(jobs, concurrency).run()

    async def run_steps(self, steps: Sequence[Callable[[], Coroutine[Any, Any, T]]], concurrency: int) -> list[T]:
        return run_in_threads([partial(start_step, step) for step in steps], concurrency)

    def branches(self) -> Branches:
        return ThreadBranches()

    def spawn(self, step: Step, never_begun: Callable[[], None]) -> BackgroundStep:
        return BackgroundThread(step)

    random = staticmethod(random.random)  # for retry jitter only, not security

    def monotonic(self) -> float:  # as a plain function, clients that were not closed are freed while Python ends
        return time.monotonic()

    def time(self) -> float:
        return time.time()

    async def close(self) -> None:
        await self._transport.close()


def start_step(step: Callable[[], Coroutine[Any, Any, T]]) -> T:
    return run(step())
