"""Runs jobs concurrently on the event loop; blocking ones run in threads."""

from __future__ import annotations

import inspect
from collections.abc import Sequence

import anyio
import anyio.to_thread

from ..wire.jobs import JobDone, Outcome, UserJob, attempt_awaited, begin


async def run_jobs(jobs: Sequence[UserJob], at_once: int) -> list[Outcome | None]:
    """Return every outcome, None for timeouts; cancelling this cancels all jobs."""
    outcomes: list[Outcome | None] = [None] * len(jobs)
    places = anyio.CapacityLimiter(at_once)

    async def run(index: int, job: UserJob) -> None:
        async with places:
            with anyio.move_on_after(job.seconds):
                outcomes[index] = await job_outcome(job)

    async with anyio.create_task_group() as group:
        for index, job in enumerate(jobs):
            group.start_soon(run, index, job)
    return outcomes


async def job_outcome(job: UserJob) -> Outcome:
    """Run one job; a thread that still works after a cancellation is abandoned."""
    if job.awaits:
        return await attempt_awaited(job.work)
    begun: Outcome = await anyio.to_thread.run_sync(begin, job.work, abandon_on_cancel=True)
    if isinstance(begun, JobDone) and inspect.isawaitable(value := begun.value):
        return await attempt_awaited(lambda: value)
    return begun
