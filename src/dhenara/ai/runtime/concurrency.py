"""Runs coroutines or functions concurrently; the first failure is raised and stops the rest."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from contextvars import copy_context
from typing import Any, TypeVar

T = TypeVar("T")


async def run_tasks(steps: Sequence[Callable[[], Coroutine[Any, Any, T]]], at_once: int) -> list[T]:
    """Run the steps as tasks of the running loop."""
    if len(steps) < 2 or at_once < 2:
        return [await step() for step in steps]
    import anyio

    places, results = anyio.Semaphore(at_once), dict[int, T]()

    async def take(number: int, step: Callable[[], Coroutine[Any, Any, T]]) -> None:
        async with places:
            results[number] = await step()

    try:
        async with anyio.create_task_group() as group:
            for number, step in enumerate(steps):
                group.start_soon(take, number, step)
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return [results[number] for number in range(len(steps))]


def run_in_threads(steps: Sequence[Callable[[], T]], at_once: int) -> list[T]:
    """Run each step in a thread with its own context; steps not started when one fails are skipped."""
    if len(steps) < 2 or at_once < 2:
        return [step() for step in steps]
    from concurrent.futures import ThreadPoolExecutor

    threads = ThreadPoolExecutor(min(at_once, len(steps)), "dhenara")
    begun = [threads.submit(copy_context().run, step) for step in steps]
    try:
        results = [one.result() for one in begun]
    except BaseException as error:
        # After Ctrl-C, running requests are not waited for.
        threads.shutdown(wait=isinstance(error, Exception), cancel_futures=True)
        raise
    threads.shutdown()
    return results
