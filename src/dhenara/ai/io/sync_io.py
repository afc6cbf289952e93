"""IO for sync code: coroutines that never suspend, jobs in threads, and lines kept in a temporary file."""

from __future__ import annotations

import random
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, ParamSpec, TypeVar

from ..errors import SyncAsyncMismatchError
from ..http.protocol.message import AttemptTimeouts, HttpRequest, Response, Transport
from ..http.sockets.connection import resolve_addresses
from ..http.transport import blocking_transport
from .protocol import Outcome, UserJob, WakeupSignal, attempt

T = TypeVar("T")
Finished = tuple[int, Outcome]


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
            self._finished.put((index, context.run(attempt, job.work)))

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
        if index in self._running:
            del self._running[index]
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


class ThreadEvent:
    """Event for a blocking thread."""

    __slots__ = ("_rung",)

    def __init__(self) -> None:
        self._rung = threading.Event()

    def set(self) -> None:
        self._rung.set()

    async def wait(self, seconds: float) -> None:
        self._rung.wait(seconds)
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

    async def run_jobs(self, jobs: Sequence[UserJob], concurrency: int) -> list[Outcome | None]:
        if concurrency == 1 or (len(jobs) == 1 and jobs[0].seconds is None):
            return [attempt(job.work) for job in jobs]
        return ThreadPool(jobs, concurrency).run()

    async def run_steps(self, steps: Sequence[Callable[[], Coroutine[Any, Any, T]]], concurrency: int) -> list[T]:
        return run_in_threads([partial(start_step, step) for step in steps], concurrency)

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


IN_MEMORY = 1 << 22
BLOCK = 1 << 20


class Spool:
    """Written once, read for every attempt; lines contain no line breaks."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  # it lives until `close`
        self.count = 0
        self.size = 0

    def add(self, line: bytes) -> None:
        self._file.seek(self.size)
        self._file.write(line + b"\n")
        self.size += len(line) + 1
        self.count += 1

    def __iter__(self) -> Iterator[bytes]:
        at, rest = 0, b""
        while at < self.size:
            self._file.seek(at)
            block = self._file.read(min(BLOCK, self.size - at))
            at += len(block)
            *whole, rest = (rest + block).split(b"\n")
            yield from whole

    def close(self) -> None:
        """Delete the buffer."""
        self._file.close()
