"""Steps of our own side by side: the first failure is raised, and ends them all."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from contextvars import copy_context
from typing import Any, TypeVar

T = TypeVar("T")


async def run_tasks(steps: Sequence[Callable[[], Coroutine[Any, Any, T]]], at_once: int) -> list[T]:
    """As tasks of the running loop."""
    if len(steps) < 2 or at_once < 2:
        return [await step() for step in steps]
    import anyio

    places, match = anyio.Semaphore(at_once), dict[int, T]()

    async def take(number: int, step: Callable[[], Coroutine[Any, Any, T]]) -> None:
        async with places:
            match[number] = await step()

    try:
        async with anyio.create_task_group() as group:
            for number, step in enumerate(steps):
                group.start_soon(take, number, step)
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return [match[number] for number in range(len(steps))]


def run_in_threads(steps: Sequence[Callable[[], T]], at_once: int) -> list[T]:
    """Each in a thread and a context of its own; those that have not begun when one fails never do."""
    if len(steps) < 2 or at_once < 2:
        return [step() for step in steps]
    from concurrent.futures import ThreadPoolExecutor

    threads = ThreadPoolExecutor(min(at_once, len(steps)), "dhenara")
    begun = [threads.submit(copy_context().run, step) for step in steps]
    try:
        match = [one.result() for one in begun]
    except BaseException as error:
        # Whoever presses Ctrl-C does not want to wait for the answers that are on their way.
        threads.shutdown(wait=isinstance(error, Exception), cancel_futures=True)
        raise
    threads.shutdown()
    return match
