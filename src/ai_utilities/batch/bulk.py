"""A bulk run that waits: so many threads, one journal."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from contextlib import ExitStack
from contextvars import copy_context
from os import PathLike
from typing import Any

from ..client import AiClient
from ..concurrency import check_concurrency, try_ask
from ..execution import run_sync
from .backends import HERE, Where, parse_backend
from .job import BulkJob, iter_requests
from .provider_options import OnProvider
from .provider_run import ProviderRun
from .ray_options import OnRay, make_client_factory
from .ray_run import RayRun
from .report import BulkReport, OnProgress
from .row_result import result_from_answer
from .rows import Source


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
