"""Tasks: jobs side by side on the running event loop; those that block go to threads."""

from __future__ import annotations

import inspect
from collections.abc import Sequence

import anyio
import anyio.to_thread

from ..wire.jobs import JobDone, Outcome, UserJob, attempt_awaited, begin


async def run_jobs(jobs: Sequence[UserJob], at_once: int) -> list[Outcome | None]:
    """Every outcome; None where time was over. Cancelling this cancels them all."""
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
    """A thread that is still at work when nobody waits any longer is left to itself."""
    if job.awaits:
        return await attempt_awaited(job.work)
    begun: Outcome = await anyio.to_thread.run_sync(begin, job.work, abandon_on_cancel=True)
    if isinstance(begun, JobDone) and inspect.isawaitable(value := begun.value):
        return await attempt_awaited(lambda: value)
    return begun
