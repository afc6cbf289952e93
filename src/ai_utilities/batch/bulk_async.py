"""A bulk run on an event loop: so many tasks, one journal."""

from __future__ import annotations

from contextlib import AsyncExitStack
from os import PathLike
from typing import Any

from ..async_client import AsyncAiClient
from ..crowd import checked, tried_async
from ..providers.base_provider import threaded
from .job import Job
from .report import BulkReport, OnProgress
from .rows import Source


async def run_bulk_async(
    source: Source,
    output: str | PathLike[str],
    *,
    prompt: str | None = None,
    client: AsyncAiClient | None = None,
    concurrency: int | None = None,
    on_progress: OnProgress | None = None,
    fail_fast: bool = False,
    **options: Any,
) -> BulkReport:
    """The same as `run_bulk`, awaited, on asyncio and trio. Cancelling keeps what is there."""
    from anyio import create_task_group

    async with AsyncExitStack() as stack:
        asking = client if client is not None else await stack.enter_async_context(AsyncAiClient())
        job = Job(source, output, prompt, options, on_progress, fail_fast)
        stack.callback(job.journal.close)

        async def work() -> None:
            try:
                while (question := await threaded(job.next)) is not None:
                    job.done(question, await tried_async(asking.ask, question.prompt, options))
            except Exception as mistake:  # noqa: BLE001  # raised below, by itself instead of in a group
                job.stop(mistake)
                group.cancel_scope.cancel()

        count = checked(concurrency if concurrency is not None else asking.settings.concurrency)
        async with create_task_group() as group:
            for _ in range(count):
                group.start_soon(work)
        if job.mistake is not None:
            raise job.mistake
        return await threaded(job.finish)
