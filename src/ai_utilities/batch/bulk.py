"""A bulk run that waits: so many threads, one journal."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from contextlib import ExitStack
from contextvars import copy_context
from os import PathLike
from typing import Any

from ..client import AiClient
from ..crowd import checked, tried
from .job import Job, questions
from .report import BulkReport, OnProgress
from .rows import Source


def run_bulk(
    source: Source,
    output: str | PathLike[str],
    *,
    prompt: str | None = None,
    client: AiClient | None = None,
    concurrency: int | None = None,
    on_progress: OnProgress | None = None,
    fail_fast: bool = False,
    **options: Any,
) -> BulkReport:
    """Asks every row of a JSONL, CSV or Parquet file, or of any iterable, and writes the answers in their order.

    `prompt` is a template such as `"Summarise: {text}"`; without one, rows are prompts. Every answer is written down at
    once: a run that was killed goes on where it was, and rows that failed are asked again by the next run. Everything
    else is as with `client.ask`.
    """
    with ExitStack() as stack:
        asking = client if client is not None else stack.enter_context(AiClient())
        job = Job(source, output, prompt, options, on_progress, fail_fast)
        stack.callback(job.journal.close)

        def work() -> None:
            try:
                for question in questions(job):
                    job.done(question, tried(asking.ask, question.prompt, options))
            except BaseException as mistake:  # noqa: BLE001  # raised below, where the report is awaited
                job.stop(mistake)

        together(work, checked(concurrency if concurrency is not None else asking.settings.concurrency), job)
        if job.mistake is not None:
            raise job.mistake
        return job.finish()


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
