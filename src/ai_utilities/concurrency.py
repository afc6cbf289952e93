"""Runs many prompts concurrently, with a progress bar."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextvars import copy_context
from types import TracebackType
from typing import Self, TextIO, TypeVar

from .exceptions import AIUtilitiesError, CancelledItemError, ProviderConfigurationError
from .results import AskResult

WIDTH = 28
EVERY = 0.1
"""Minimum seconds between two updates."""


class ProgressBar:
    """Draws on stderr. `show=None` draws only if stderr is a terminal."""

    def __init__(self, show: bool | None = None, out: TextIO | None = None) -> None:
        self._out = out if out is not None else sys.stderr
        self._shown = self._out.isatty() if show is None else show
        self._started = time.monotonic()
        self._drawn_at = 0.0
        self._drawn = False

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if not self._shown or (done < total and now - self._drawn_at < EVERY):
            return
        self._drawn_at, self._drawn = now, True
        self._out.write(f"\r{format_line(done, total, now - self._started)}\033[K")
        self._out.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._drawn:
            self._out.write("\n")
            self._out.flush()


def format_line(done: int, total: int, seconds: float) -> str:
    """`[#######-------] 12/48  25%  0:03, 0:09 left`."""
    filled = WIDTH * done // max(total, 1)
    left = seconds / done * (total - done) if done else 0.0
    bar = "#" * filled + "-" * (WIDTH - filled)
    percent = done * 100 // max(total, 1)
    return f"[{bar}] {done}/{total} {percent:3d}%  {format_seconds(seconds)}, {format_seconds(left)} left"


def format_seconds(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


def combine_callbacks(bar: ProgressBar, callback: Callable[[int, int], object] | None) -> Callable[[int, int], None]:
    """A callback that updates the bar and calls the user's callback."""

    def report(done: int, total: int) -> None:
        bar(done, total)
        if callback is not None:
            callback(done, total)

    return report


Progress = Callable[[int, int], object]
"""Called with the number of finished prompts and the total."""

E = TypeVar("E", bound=Exception)
ITEM_ERRORS = (AIUtilitiesError, OSError)
"""Errors that belong to one prompt; any other exception is a bug and stops everything."""


class PromptQueue:
    """Prompts that wait and results received so far; shared by threads, or by the tasks of one event loop."""

    def __init__(self, prompts: Iterable[str], *, fail_fast: bool = False, on_progress: Progress | None = None) -> None:
        self.prompts = list(prompts)
        self.results: list[AskResult | None] = [None] * len(self.prompts)
        self._waiting = iter(range(len(self.prompts)))
        self._fail_fast = fail_fast
        self._on_progress = on_progress
        self._lock = threading.Lock()
        self._done = 0
        self._stopped = False
        self.mistake: BaseException | None = None

    def next_index(self) -> int | None:
        """The index of the next prompt; None if no more shall be sent."""
        with self._lock:
            return None if self._stopped else next(self._waiting, None)

    def record_result(self, index: int, result: AskResult) -> None:
        with self._lock:
            self.results[index] = result
            self._done += 1
            if self._fail_fast and not result.ok:
                self._stopped = True
            if self._on_progress is not None:
                self._on_progress(self._done, len(self.prompts))

    def stop(self, mistake: BaseException | None = None) -> None:
        """Starts no further prompts."""
        with self._lock:
            self._stopped = True
            self.mistake = self.mistake or mistake

    def all_results(self) -> list[AskResult]:
        """Every result in the order of the prompts."""
        return [self.results[index] or self._cancelled_result(index) for index in range(len(self.prompts))]

    def _cancelled_result(self, index: int) -> AskResult:
        result = self.results[index]  # an empty answer is a valid answer
        if result is not None:
            return result
        error = CancelledItemError("this prompt was not sent, because another one failed and fail_fast is set.")
        return AskResult(prompt=self.prompts[index], error=error)


def ask_all(
    ask: Callable[..., AskResult],
    prompts: Iterable[str],
    concurrency: int,
    options: Mapping[str, object],
    *,
    fail_fast: bool = False,
    on_progress: Progress | None = None,
) -> list[AskResult]:
    """Asks with `concurrency` threads. Ctrl-C starts no further request and does not wait for running ones."""
    queue = PromptQueue(prompts, fail_fast=fail_fast, on_progress=on_progress)
    count = min(check_concurrency(concurrency), len(queue.prompts))

    def work() -> None:
        try:
            while (index := queue.next_index()) is not None:
                queue.record_result(index, try_ask(ask, queue.prompts[index], options))
        except BaseException as mistake:
            queue.stop(mistake)
            raise

    if count <= 1:
        work()
        return queue.all_results()
    run_in_threads(work, count, queue.stop)
    if queue.mistake is not None:
        raise queue.mistake
    return queue.all_results()


def try_ask(ask: Callable[..., AskResult], prompt: str, options: Mapping[str, object]) -> AskResult:
    try:
        return ask(prompt, **options)
    except ITEM_ERRORS as error:
        return AskResult(prompt=prompt, error=without_first_frame(error))


def without_first_frame(error: E) -> E:
    """Drop the frame of the function that caught the error, so that its traceback begins with what failed."""
    trace = error.__traceback__
    return error if trace is None or trace.tb_next is None else error.with_traceback(trace.tb_next)


def run_in_threads(work: Callable[[], None], count: int, stop: Callable[[], object]) -> None:
    """Runs the same work in several threads, with the context of the caller, and waits for all of them.

    Args:
        work: The work. It records its exceptions itself; they do not end the program.
        count: The number of threads.
        stop: Called if the wait is interrupted, as by Ctrl-C, so that the threads begin nothing new.
    """
    threads = [threading.Thread(target=run_quietly, args=(copy_context().run, work), daemon=True) for _ in range(count)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    except BaseException:
        stop()
        raise


def run_quietly(run: Callable[[Callable[[], None]], None], work: Callable[[], None]) -> None:
    """Drops an exception, which the work has recorded to be raised where the results are collected."""
    try:
        run(work)
    except BaseException:  # noqa: BLE001, S110  # recorded by the work
        pass


async def ask_all_async(
    ask: Callable[..., Awaitable[AskResult]],
    prompts: Iterable[str],
    concurrency: int,
    options: Mapping[str, object],
    *,
    fail_fast: bool = False,
    on_progress: Progress | None = None,
) -> list[AskResult]:
    """Asks with `concurrency` tasks, on asyncio or trio. Cancelling also cancels running requests."""
    from anyio import create_task_group

    queue = PromptQueue(prompts, fail_fast=fail_fast, on_progress=on_progress)

    async def work() -> None:
        try:
            while (index := queue.next_index()) is not None:
                queue.record_result(index, await try_ask_async(ask, queue.prompts[index], options))
        except Exception as mistake:  # noqa: BLE001  # raised below, outside of an exception group
            queue.stop(mistake)
            group.cancel_scope.cancel()

    count = min(check_concurrency(concurrency), len(queue.prompts))
    async with create_task_group() as group:
        for _ in range(count):
            group.start_soon(work)
    if queue.mistake is not None:
        raise queue.mistake
    return queue.all_results()


async def try_ask_async(
    ask: Callable[..., Awaitable[AskResult]], prompt: str, options: Mapping[str, object]
) -> AskResult:
    try:
        return await ask(prompt, **options)
    except ITEM_ERRORS as error:
        return AskResult(prompt=prompt, error=without_first_frame(error))


def check_concurrency(concurrency: object) -> int:
    if not isinstance(concurrency, int) or concurrency < 1:
        raise ProviderConfigurationError(f"concurrency must be at least 1, not {concurrency!r:.40}: concurrency=8.")
    return concurrency
