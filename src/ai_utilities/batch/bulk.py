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
from ..colour import finished
from ..crowd import checked, tried
from .job import Job, questions
from .on_provider import OnProvider
from .on_ray import OnRay, client_maker
from .outcome import read_outcome
from .provider_run import ProviderRun
from .ray_run import RayRun
from .report import BulkReport, OnProgress
from .rows import Source
from .where import HERE, Where, read_where


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
    where = read_where(on)
    with ExitStack() as stack:
        asking = client if client is not None else stack.enter_context(AiClient())
        job = Job(source, output, prompt, options, on_progress, fail_fast, asking.settings)
        stack.callback(job.journal.close)

        count = checked(concurrency if concurrency is not None else asking.settings.concurrency)
        if where is None:
            in_threads(asking, job, options, count)
        elif isinstance(where, OnProvider):
            finished(ProviderRun(job, asking._operations, options, where, slept).run())
        else:
            on_ray(asking, job, options, count, where)
        if job.mistake is not None:
            raise job.mistake
        return job.finish()


def in_threads(asking: AiClient, job: Job, options: dict[str, Any], count: int) -> None:
    def work() -> None:
        try:
            for question in questions(job):
                job.done(question, read_outcome(tried(asking.ask, question.prompt, options)))
        except BaseException as mistake:  # noqa: BLE001  # raised by whoever awaits the report
            job.stop(mistake)

    together(work, count, job)


def on_ray(asking: AiClient, job: Job, options: dict[str, Any], count: int, where: OnRay) -> None:
    said = dict(options)
    run = RayRun(job, client_maker(asking, where, said), said, count, where)
    try:
        while run.step():
            pass
    finally:
        run.close()


async def slept(seconds: float) -> None:
    time.sleep(seconds)


def together(work: Any, count: int, job: Job) -> None:
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
