"""A bulk run on an event loop: so many tasks, one journal."""

from __future__ import annotations

from contextlib import AsyncExitStack
from os import PathLike
from typing import Any

from ..async_client import AsyncAiClient
from ..concurrency import check_concurrency, try_ask_async
from ..providers.base_provider import run_in_thread
from .backends import HERE, Where, parse_backend
from .job import BulkJob
from .provider_options import OnProvider
from .provider_run import ProviderRun
from .ray_options import OnRay, make_client_factory
from .ray_run import RayRun
from .report import BulkReport, OnProgress
from .row_result import result_from_answer
from .rows import Source


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
    where = parse_backend(on)
    async with AsyncExitStack() as stack:
        asking = client if client is not None else await stack.enter_async_context(AsyncAiClient())
        job = BulkJob(source, output, prompt, options, on_progress, fail_fast, asking.settings)
        stack.callback(job.journal.close)
        count = check_concurrency(concurrency if concurrency is not None else asking.settings.concurrency)
        if where is None:
            await run_in_tasks(asking, job, options, count)
        elif isinstance(where, OnProvider):
            await run_on_provider(asking, job, options, where)
        else:
            await run_on_ray(asking, job, options, count, where)
        if job.mistake is not None:
            raise job.mistake
        return await run_in_thread(job.finish)


async def run_in_tasks(asking: AsyncAiClient, job: BulkJob, options: dict[str, Any], count: int) -> None:
    from anyio import create_task_group

    async def work() -> None:
        try:
            while (question := await run_in_thread(job.next_request)) is not None:
                job.record_result(
                    question, result_from_answer(await try_ask_async(asking.ask, question.prompt, options))
                )
        except Exception as mistake:  # noqa: BLE001  # raised by itself instead of in a group
            job.stop(mistake)
            group.cancel_scope.cancel()

    async with create_task_group() as group:
        for _ in range(count):
            group.start_soon(work)


async def run_on_provider(asking: AsyncAiClient, job: BulkJob, options: dict[str, Any], where: OnProvider) -> None:
    from anyio import sleep

    await ProviderRun(job, asking._operations, options, where, sleep).run()


async def run_on_ray(asking: AsyncAiClient, job: BulkJob, options: dict[str, Any], count: int, where: OnRay) -> None:
    """Ray itself waits; each step of it does so off the loop."""
    text = dict(options)
    run = await run_in_thread(RayRun, job, make_client_factory(asking, where, text), text, count, where)
    try:
        while await run_in_thread(run.step):
            pass
    finally:
        run.close()
