"""A bulk run on an event loop: so many tasks, one journal."""

from __future__ import annotations

from contextlib import AsyncExitStack
from os import PathLike
from typing import Any

from ..async_client import AsyncAiClient
from ..crowd import checked, tried_async
from ..providers.base_provider import threaded
from .job import Job
from .on_provider import OnProvider
from .on_ray import OnRay, client_maker
from .outcome import read_outcome
from .provider_run import ProviderRun
from .ray_run import RayRun
from .report import BulkReport, OnProgress
from .rows import Source
from .where import HERE, Where, read_where


async def run_bulk_async(
    source: Source,
    output: str | PathLike[str],
    *,
    prompt: str | None = None,
    client: AsyncAiClient | None = None,
    concurrency: int | None = None,
    on: Where = HERE,
    on_progress: OnProgress | None = None,
    fail_fast: bool = False,
    **options: Any,
) -> BulkReport:
    """The same as `run_bulk`, awaited, on asyncio and trio. Cancelling keeps what is there."""
    where = read_where(on)
    async with AsyncExitStack() as stack:
        asking = client if client is not None else await stack.enter_async_context(AsyncAiClient())
        job = Job(source, output, prompt, options, on_progress, fail_fast, asking.settings)
        stack.callback(job.journal.close)
        count = checked(concurrency if concurrency is not None else asking.settings.concurrency)
        if where is None:
            await in_tasks(asking, job, options, count)
        elif isinstance(where, OnProvider):
            await on_provider(asking, job, options, where)
        else:
            await on_ray(asking, job, options, count, where)
        if job.mistake is not None:
            raise job.mistake
        return await threaded(job.finish)


async def in_tasks(asking: AsyncAiClient, job: Job, options: dict[str, Any], count: int) -> None:
    from anyio import create_task_group

    async def work() -> None:
        try:
            while (question := await threaded(job.next)) is not None:
                job.done(question, read_outcome(await tried_async(asking.ask, question.prompt, options)))
        except Exception as mistake:  # noqa: BLE001  # raised by itself instead of in a group
            job.stop(mistake)
            group.cancel_scope.cancel()

    async with create_task_group() as group:
        for _ in range(count):
            group.start_soon(work)


async def on_provider(asking: AsyncAiClient, job: Job, options: dict[str, Any], where: OnProvider) -> None:
    from anyio import sleep

    await ProviderRun(job, asking._operations, options, where, sleep).run()


async def on_ray(asking: AsyncAiClient, job: Job, options: dict[str, Any], count: int, where: OnRay) -> None:
    """Ray itself waits; each step of it does so off the loop."""
    said = dict(options)
    run = await threaded(RayRun, job, client_maker(asking, where, said), said, count, where)
    try:
        while await threaded(run.step):
            pass
    finally:
        run.close()
