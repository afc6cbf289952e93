"""`run_bulk` and `run_bulk_async`: many prompts from a file or an iterable."""

from __future__ import annotations

import time
from contextlib import AsyncExitStack, ExitStack
from functools import partial
from os import PathLike
from typing import Unpack

from ..async_client import AsyncAiClient
from ..client import AiClient
from ..concurrency import check_concurrency, run_in_threads, try_ask, try_ask_async
from ..exceptions import Options, ProviderConfigurationError
from ..execution import run_sync
from ..operations.ask_options import AskOptions
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
    overwrite: bool = False,
    **options: Unpack[AskOptions],
) -> BulkReport:
    """Send one request per row of a file or iterable, and write the answers in the order of the rows.

    All rows of a file or list are read and checked before the first request. Each answer is stored in a journal at
    once. A run that was stopped continues where it was, and failed rows are sent again by the next run.

    Args:
        source: A JSONL, CSV or Parquet file, or an iterable of strings or dicts.
        output: The output file; its extension is its format.
        prompt: A template such as `"Summarise: {text}"`. Default None: the field `prompt` of each row.
        client: The client. Default None: one from the settings.
        concurrency: Number of concurrent requests. Default None: from the settings.
        on: `"here"` (default), `"provider"` for the provider's batches (up to a day, half the price), or `"ray"`
            for a Ray cluster; or `OnProvider` or `OnRay` with options.
        on_progress: Called after each row with a `BulkProgress`.
        fail_fast: Whether to stop at the first row that fails (default False).
        overwrite: Whether to replace an output that exists, and to make a finished run again (default False). The
            output of an unfinished run is completed in any case.
        **options: See `AskOptions`; they apply to every row.

    Returns:
        The counts, tokens, cost and duration of the run.

    Raises:
        OutputExistsError: If the output exists, and was not written by an unfinished run with the same output.
        ProviderConfigurationError: If source, output, template or options are invalid, or another run uses the output.
    """
    backend, row_options = parse_backend(on), dict(options)
    with ExitStack() as stack:
        client = client if client is not None else stack.enter_context(AiClient())
        check_client(client, AiClient, row_options)
        job = BulkJob(source, output, prompt, row_options, on_progress, fail_fast, client.settings, overwrite=overwrite)
        stack.callback(job.journal.close)

        count = check_concurrency(concurrency if concurrency is not None else client.settings.concurrency)
        if backend is None:
            run_with_threads(client, job, row_options, count)
        elif isinstance(backend, OnProvider):
            run_sync(ProviderRun(job, client._operations, row_options, backend, sleep_seconds).run())
        else:
            run_on_ray(client, job, row_options, count, backend)
        if job.mistake is not None:
            raise job.mistake
        return job.finish()


def check_client(client: object, kind: type[AiClient | AsyncAiClient], options: Options) -> None:
    """Raises an error for another client, and for options that would fail in every row."""
    if not isinstance(client, kind):
        hint = f"client={kind.__name__}({client!r:.60})" if isinstance(client, str) else f"client={kind.__name__}(...)"
        raise ProviderConfigurationError(f"client must be an {kind.__name__}, not {type(client).__name__}: {hint}")
    client._operations.check_options(options)


def run_with_threads(client: AiClient, job: BulkJob, options: Options, count: int) -> None:
    """Run in `count` threads. Ctrl-C does not wait for running requests; the journal keeps finished rows."""

    def work() -> None:
        try:
            for request in iter_requests(job):
                job.record_result(request, result_from_answer(try_ask(client.ask, request.prompt, options)))
        except BaseException as mistake:  # noqa: BLE001  # raised by `run_bulk`
            job.stop(mistake)

    run_in_threads(work, count, job.stop)


def run_on_ray(client: AiClient, job: BulkJob, options: Options, count: int, backend: OnRay) -> None:
    worker_options = dict(options)
    run = RayRun(job, make_client_factory(client, backend, worker_options), worker_options, count, backend)
    try:
        while run.step():
            pass
    finally:
        run.close()


async def sleep_seconds(seconds: float) -> None:
    time.sleep(seconds)


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
    overwrite: bool = False,
    **options: Unpack[AskOptions],
) -> BulkReport:
    """The same as `run_bulk`, for asyncio and trio; see `run_bulk`. When cancelled, the journal keeps finished rows.

    Args:
        output: Type of the structured output; None for text.
        prompt: The new user message.
        concurrency: Number of concurrent requests; None uses the setting `concurrency`.
        on_progress: Called after each answer.
        fail_fast: Whether the first error ends everything; otherwise it is in the result of its prompt.
        overwrite: Whether an existing file may be replaced.
        **options: See `AskOptions`.

    Raises:
        OutputExistsError: If the output exists, and was not written by an unfinished run with the same output.
        ProviderConfigurationError: If source, output, template or options are invalid, or another run uses the output.
    """
    backend, row_options = parse_backend(on), dict(options)
    async with AsyncExitStack() as stack:
        client = client if client is not None else await stack.enter_async_context(AsyncAiClient())
        check_client(client, AsyncAiClient, row_options)
        # In a thread, because all rows of the source are read.
        settings = client.settings
        job = await run_in_thread(
            partial(BulkJob, source, output, prompt, row_options, on_progress, fail_fast, settings, overwrite=overwrite)
        )
        stack.callback(job.journal.close)
        count = check_concurrency(concurrency if concurrency is not None else client.settings.concurrency)
        if backend is None:
            await run_in_tasks(client, job, row_options, count)
        elif isinstance(backend, OnProvider):
            await run_on_provider(client, job, row_options, backend)
        else:
            await run_on_ray_async(client, job, row_options, count, backend)
        if job.mistake is not None:
            raise job.mistake
        return await run_in_thread(job.finish)


async def run_in_tasks(client: AsyncAiClient, job: BulkJob, options: Options, count: int) -> None:
    from anyio import create_task_group

    async def work() -> None:
        try:
            while (request := await run_in_thread(job.next_request)) is not None:
                job.record_result(request, result_from_answer(await try_ask_async(client.ask, request.prompt, options)))
        except Exception as mistake:  # noqa: BLE001  # raised by `run_bulk_async`, not in an exception group
            job.stop(mistake)
            group.cancel_scope.cancel()

    async with create_task_group() as group:
        for _ in range(count):
            group.start_soon(work)


async def run_on_provider(client: AsyncAiClient, job: BulkJob, options: Options, backend: OnProvider) -> None:
    from anyio import sleep

    await ProviderRun(job, client._operations, options, backend, sleep).run()


async def run_on_ray_async(client: AsyncAiClient, job: BulkJob, options: Options, count: int, backend: OnRay) -> None:
    """Run the steps in a thread, because Ray blocks."""
    worker_options = dict(options)
    run = await run_in_thread(
        RayRun, job, make_client_factory(client, backend, worker_options), worker_options, count, backend
    )
    try:
        while await run_in_thread(run.step):
            pass
    finally:
        run.close()
