"""`run_bulk` and `run_bulk_async`: many prompts from a file or an iterable."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from contextlib import AsyncExitStack, ExitStack
from contextvars import copy_context
from os import PathLike
from typing import Any

from ..async_client import AsyncAiClient
from ..client import AiClient
from ..concurrency import check_concurrency, try_ask, try_ask_async
from ..execution import run_sync
from ..providers.base_provider import run_in_thread
from .backends import HERE, OnProvider, OnRay, Where, make_client_factory, parse_backend
from .job import BulkJob, iter_requests
from .provider_run import ProviderRun
from .ray_workers import RayRun
from .rows import BulkReport, OnProgress, Source, result_from_answer


def run_bulk(
    source: Source,
    output: str | PathLike[str],
    *,
    prompt: str | None = None,
    client: AiClient | None = None,
    concurrency: int | None = None,
    on: Where = HERE,
    on_progress: OnProgress | None = None,
    fail_fast: bool = False,
    **options: Any,
) -> BulkReport:
    """Asks every row of a JSONL, CSV or Parquet file, or of any iterable, and writes the answers in their order.

    `prompt` is a template such as `"Summarise: {text}"`; without one, rows are prompts. Every answer is written down at
    once: a run that was killed goes on where it was, and rows that failed are asked again by the next run.
    `on="provider"` hands all over to the provider's own batches, which take a day and cost half; `on="ray"` asks from
    all machines of a Ray cluster. Everything else is as with `client.ask`.
    """
    where = parse_backend(on)
    with ExitStack() as stack:
        asking = client if client is not None else stack.enter_context(AiClient())
        job = BulkJob(source, output, prompt, options, on_progress, fail_fast, asking.settings)
        stack.callback(job.journal.close)

        count = check_concurrency(concurrency if concurrency is not None else asking.settings.concurrency)
        if where is None:
            run_in_threads(asking, job, options, count)
        elif isinstance(where, OnProvider):
            run_sync(ProviderRun(job, asking._operations, options, where, sleep_seconds).run())
        else:
            run_on_ray(asking, job, options, count, where)
        if job.mistake is not None:
            raise job.mistake
        return job.finish()


def run_in_threads(asking: AiClient, job: BulkJob, options: dict[str, Any], count: int) -> None:
    def work() -> None:
        try:
            for question in iter_requests(job):
                job.record_result(question, result_from_answer(try_ask(asking.ask, question.prompt, options)))
        except BaseException as mistake:  # noqa: BLE001  # raised by whoever awaits the report
            job.stop(mistake)

    run_workers(work, count, job)


def run_on_ray(asking: AiClient, job: BulkJob, options: dict[str, Any], count: int, where: OnRay) -> None:
    text = dict(options)
    run = RayRun(job, make_client_factory(asking, where, text), text, count, where)
    try:
        while run.step():
            pass
    finally:
        run.close()


async def sleep_seconds(seconds: float) -> None:
    time.sleep(seconds)


def run_workers(work: Any, count: int, job: BulkJob) -> None:
    """In so many threads. Ctrl-C starts nothing new and waits for nothing; the journal keeps what is there."""
    threads: Iterable[threading.Thread] = [
        threading.Thread(target=copy_context().run, args=(work,), daemon=True) for _ in range(count)
    ]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    except BaseException:
        job.stop()
        raise


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
            await run_on_ray_async(asking, job, options, count, where)
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


async def run_on_ray_async(
    asking: AsyncAiClient, job: BulkJob, options: dict[str, Any], count: int, where: OnRay
) -> None:
    """Ray itself waits; each step of it does so off the loop."""
    text = dict(options)
    run = await run_in_thread(RayRun, job, make_client_factory(asking, where, text), text, count, where)
    try:
        while await run_in_thread(run.step):
            pass
    finally:
        run.close()
