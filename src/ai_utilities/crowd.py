"""Many prompts at once: a bound, the order kept, and each error in its own place."""

from __future__ import annotations

import threading
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextvars import copy_context
from typing import Any

from .exceptions import AIUtilitiesError, CancelledItemError, ProviderConfigurationError
from .results import AskResult
from .thrift import thrifty

Progress = Callable[[int, int], object]
"""Told how many are done, of how many."""

ITEM_ERRORS = (AIUtilitiesError, OSError)
"""What may go wrong with one prompt; anything else is a mistake in a program, and ends everything."""


class Crowd:
    """The prompts that wait and the results that are there. Shared by threads, or by the tasks of one loop."""

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

    def next(self) -> int | None:
        """The place of the next prompt; None when no more are to be asked."""
        with self._lock:
            return None if self._stopped else next(self._waiting, None)

    def done(self, place: int, result: AskResult) -> None:
        with self._lock:
            self.results[place] = thrifty(result)
            self._done += 1
            if self._fail_fast and not result.ok:
                self._stopped = True
            if self._on_progress is not None:
                self._on_progress(self._done, len(self.prompts))

    def stop(self, mistake: BaseException | None = None) -> None:
        """No more are started."""
        with self._lock:
            self._stopped = True
            self.mistake = self.mistake or mistake

    def all(self) -> list[AskResult]:
        """Every result in the order of the prompts."""
        return [self.results[at] or self._missing(at) for at in range(len(self.prompts))]

    def _missing(self, place: int) -> AskResult:
        found = self.results[place]  # an empty answer is an answer
        if found is not None:
            return found
        error = CancelledItemError("this prompt was not asked, because another one failed and fail_fast is set")
        return AskResult(prompt=self.prompts[place], error=error)


def ask_all(
    ask: Callable[..., AskResult], prompts: Iterable[str], concurrency: int, said: Mapping[str, Any], **how: Any
) -> list[AskResult]:
    """Asks in so many threads. Ctrl-C starts no more, and does not wait for those that run."""
    crowd = Crowd(prompts, **how)
    count = min(checked(concurrency), len(crowd.prompts))

    def work() -> None:
        try:
            while (place := crowd.next()) is not None:
                crowd.done(place, tried(ask, crowd.prompts[place], said))
        except BaseException as mistake:
            crowd.stop(mistake)
            raise

    if count <= 1:
        work()
        return crowd.all()
    threads = [threading.Thread(target=quiet, args=(copy_context().run, work), daemon=True) for _ in range(count)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    except BaseException:
        crowd.stop()
        raise
    if crowd.mistake is not None:
        raise crowd.mistake
    return crowd.all()


def tried(ask: Callable[..., AskResult], prompt: str, said: Mapping[str, Any]) -> AskResult:
    try:
        return ask(prompt, **said)
    except ITEM_ERRORS as error:
        return AskResult(prompt=prompt, error=error)


def quiet(run: Callable[[Callable[[], None]], None], work: Callable[[], None]) -> None:
    """The mistake is raised where the results are awaited, not printed by the thread."""
    try:
        run(work)
    except BaseException:  # noqa: BLE001, S110  # kept by the crowd
        pass


async def ask_all_async(
    ask: Callable[..., Coroutine[Any, Any, AskResult]],
    prompts: Iterable[str],
    concurrency: int,
    said: Mapping[str, Any],
    **how: Any,
) -> list[AskResult]:
    """The same in so many tasks, on asyncio and trio. Cancelling ends those that run, too."""
    from anyio import create_task_group

    crowd = Crowd(prompts, **how)

    async def work() -> None:
        try:
            while (place := crowd.next()) is not None:
                crowd.done(place, await tried_async(ask, crowd.prompts[place], said))
        except Exception as mistake:  # noqa: BLE001  # raised below, by itself instead of in a group
            crowd.stop(mistake)
            group.cancel_scope.cancel()

    count = min(checked(concurrency), len(crowd.prompts))
    async with create_task_group() as group:
        for _ in range(count):
            group.start_soon(work)
    if crowd.mistake is not None:
        raise crowd.mistake
    return crowd.all()


async def tried_async(
    ask: Callable[..., Coroutine[Any, Any, AskResult]], prompt: str, said: Mapping[str, Any]
) -> AskResult:
    try:
        return await ask(prompt, **said)
    except ITEM_ERRORS as error:
        return AskResult(prompt=prompt, error=error)


def checked(concurrency: int) -> int:
    if concurrency < 1:
        raise ProviderConfigurationError(f"concurrency is how many are asked at once, so at least 1: {concurrency}")
    return concurrency
