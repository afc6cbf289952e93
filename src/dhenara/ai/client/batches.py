"""Batch operations of the client."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Unpack

import dhenara.ai.streams as streams
import dhenara.ai.types as types

from ..errors import ConfigurationError, UnsupportedError
from ..history.parsing import take_instructions
from ..io.sync_io import run
from ..types.config.call import AIModelCallConfig, Call
from ..types.config.other_names import refuse_streaming, use_own_names
from ..wire.secrets import conceal_options, conceals_its_options
from .call_factory import (
    BatchPrompt,
    OperationsBase,
    as_config,
    calls_of,
    override_config,
)

if TYPE_CHECKING:
    from ..pipeline.operations.batch_items import BatchResultsClient
    from ..streams.operations import AsyncBatchItems, AsyncSubmissions, OnSubmit, SyncBatchItems, SyncSubmissions
    from ..types.config.call_options import AnswerOptions, BatchSettings, CallSettings
    from ..types.operations.batch import BatchJob, BatchResults

DAY = 86_400.0
TRANSFER = ("timeout", "retries", "headers", "strict")
"""Options of the calls that also apply to the requests that submit them."""


class EngineBatchesMixin(OperationsBase):
    """Batch methods of `AIModelClient`.

    A `BatchJob` can be stored as JSON (`job.model_dump_json()`) and loaded by another process.
    """

    @conceals_its_options
    def submit_batch(
        self,
        prompts: Iterable[BatchPrompt],
        *,
        instructions: str | Sequence[str] | None = None,
        name: str | None = None,
        **settings: Unpack[BatchSettings],
    ) -> BatchJob:
        """Submit a batch.

        Args:
            prompts: One prompt or list of messages per call. Read one at a time and spooled to disk, so the number is
                limited only by the provider.
            instructions: System instructions for all calls.
            name: Name of the batch; `find_batch` finds it again if the result of the submission is unknown.
            **settings: The settings of `generate`, for all calls.

        Returns:
            The submitted job.
        """
        conceal_options(settings)
        batching, calls = self._prepare_submission(prompts, instructions, False, **settings)
        return run(batching.submit_portion(run(batching.only_portion(calls)), name))

    @conceals_its_options
    async def submit_batch_async(
        self,
        prompts: Iterable[BatchPrompt],
        *,
        instructions: str | Sequence[str] | None = None,
        name: str | None = None,
        **settings: Unpack[BatchSettings],
    ) -> BatchJob:
        """Async version of `submit_batch`."""
        conceal_options(settings)
        batching, calls = self._prepare_submission(prompts, instructions, True, **settings)
        return await batching.submit_portion(await batching.only_portion(calls), name)

    @conceals_its_options
    def submit_batches(
        self,
        prompts: Iterable[BatchPrompt],
        *,
        instructions: str | Sequence[str] | None = None,
        name: str | None = None,
        on_submit: OnSubmit | None = None,
        **settings: Unpack[BatchSettings],
    ) -> SyncSubmissions:
        """Submit as many batches as the provider's size limits require.

        Each batch is submitted when the iterator is advanced.

        Args:
            prompts: As for `submit_batch`.
            instructions: System instructions for all calls.
            name: Prefix; the batches are named `name-0`, `name-1` and so on.
            on_submit: Called with `(name, calls)` just before each batch is sent.
            **settings: The settings of `generate`, for all calls.

        Returns:
            An iterator of submitted jobs.
        """
        conceal_options(settings)
        batching, calls = self._prepare_submission(prompts, instructions, False, **settings)
        return streams.SyncSubmissions(batching, batching.portions(calls), name, on_submit)

    @conceals_its_options
    async def submit_batches_async(
        self,
        prompts: Iterable[BatchPrompt],
        *,
        instructions: str | Sequence[str] | None = None,
        name: str | None = None,
        on_submit: OnSubmit | None = None,
        **settings: Unpack[BatchSettings],
    ) -> AsyncSubmissions:
        """Async version of `submit_batches`, for `async for`."""
        conceal_options(settings)
        batching, calls = self._prepare_submission(prompts, instructions, True, **settings)
        return streams.AsyncSubmissions(batching, batching.portions(calls), name, on_submit)

    @conceals_its_options
    def find_batch(
        self,
        name: str,
        *,
        since: datetime | None = None,
        total: int | None = None,
        wait: float = DAY,
        **settings: Unpack[CallSettings],
    ) -> BatchJob | None:
        """Find a batch by the name it was submitted with.

        For providers whose batches have no names, waits for batches created after `since` with `total` calls.

        Args:
            name: The name passed to `submit_batch`.
            since: Time of the submission.
            total: Number of calls in the batch.
            wait: Longest wait in seconds (default one day).
            **settings: Settings such as `timeout` and `retries`.

        Returns:
            The job, or None if the provider never received it.
        """
        conceal_options(settings)
        return run(self._batch_client(settings, is_async=False).find(name, since, total, wait))

    @conceals_its_options
    async def find_batch_async(
        self,
        name: str,
        *,
        since: datetime | None = None,
        total: int | None = None,
        wait: float = DAY,
        **settings: Unpack[CallSettings],
    ) -> BatchJob | None:
        """Async version of `find_batch`."""
        conceal_options(settings)
        return await self._batch_client(settings, is_async=True).find(name, since, total, wait)

    @conceals_its_options
    def get_batch(self, job: BatchJob | str, **settings: Unpack[CallSettings]) -> BatchJob:
        """Return the current state of a batch.

        Args:
            job: The batch, or its id.
            **settings: See `CallSettings`.
        """
        conceal_options(settings)
        return run(self._batch_client(settings, is_async=False).refresh(as_job(job)))

    @conceals_its_options
    async def get_batch_async(self, job: BatchJob | str, **settings: Unpack[CallSettings]) -> BatchJob:
        """Async version of `get_batch`."""
        conceal_options(settings)
        return await self._batch_client(settings, is_async=True).refresh(as_job(job))

    @conceals_its_options
    def cancel_batch(self, job: BatchJob | str, **settings: Unpack[CallSettings]) -> BatchJob:
        """Cancel a batch; results that are already complete remain available.

        Args:
            job: The batch, or its id.
            **settings: See `CallSettings`.
        """
        conceal_options(settings)
        return run(self._batch_client(settings, is_async=False).cancel(as_job(job)))

    @conceals_its_options
    async def cancel_batch_async(self, job: BatchJob | str, **settings: Unpack[CallSettings]) -> BatchJob:
        """Async version of `cancel_batch`."""
        conceal_options(settings)
        return await self._batch_client(settings, is_async=True).cancel(as_job(job))

    @conceals_its_options
    def wait_for_batch(
        self, job: BatchJob | str, *, wait: float = DAY, every: float | None = None, **settings: Unpack[CallSettings]
    ) -> BatchJob:
        """Poll a batch until it has ended.

        Args:
            job: The job or its id.
            wait: Longest wait in seconds (default one day).
            every: Seconds between polls; by default the interval grows.
            **settings: Settings such as `timeout` and `retries`.

        Returns:
            The ended job.
        """
        conceal_options(settings)
        return run(self._batch_client(settings, is_async=False).wait(as_job(job), wait, every))

    @conceals_its_options
    async def wait_for_batch_async(
        self, job: BatchJob | str, *, wait: float = DAY, every: float | None = None, **settings: Unpack[CallSettings]
    ) -> BatchJob:
        """Async version of `wait_for_batch`."""
        conceal_options(settings)
        return await self._batch_client(settings, is_async=True).wait(as_job(job), wait, every)

    @conceals_its_options
    def batch_items(self, job: BatchJob | str, **settings: Unpack[BatchSettings]) -> SyncBatchItems:
        """Iterate over the results in the provider's order while they download; memory use does not grow with the
        number.

        Args:
            job: The batch, or its id.
            **settings: See `BatchSettings`.
        """
        conceal_options(settings)
        return streams.SyncBatchItems(run(self._batch_client(settings, is_async=False).items(as_job(job))))

    @conceals_its_options
    async def batch_items_async(self, job: BatchJob | str, **settings: Unpack[BatchSettings]) -> AsyncBatchItems:
        """Async version of `batch_items`, for `async for`."""
        conceal_options(settings)
        return streams.AsyncBatchItems(await self._batch_client(settings, is_async=True).items(as_job(job)))

    @conceals_its_options
    def batch_results(self, job: BatchJob | str, **settings: Unpack[BatchSettings]) -> BatchResults:
        """Download all results, in the order of the prompts.

        Args:
            job: The batch, or its id.
            **settings: See `BatchSettings`.

        Returns:
            A response or an error per prompt, with the total cost; structured output is parsed.
        """
        conceal_options(settings)
        client = self._batch_client(settings, is_async=False)
        return run(client.results(run(client.items(as_job(job)))))

    @conceals_its_options
    async def batch_results_async(self, job: BatchJob | str, **settings: Unpack[BatchSettings]) -> BatchResults:
        """Async version of `batch_results`."""
        conceal_options(settings)
        client = self._batch_client(settings, is_async=True)
        return await client.results(await client.items(as_job(job)))

    def _prepare_submission(
        self,
        prompts: Iterable[BatchPrompt],
        instructions: str | Sequence[str] | None,
        is_async: bool,
        config: AIModelCallConfig | None = None,
        **options: Unpack[AnswerOptions],
    ) -> tuple[BatchResultsClient, Iterator[Call]]:
        refuse_streaming(options, None)
        check_prompts(prompts)
        system = take_instructions(instructions, options)
        how = {name: value for name, value in use_own_names(options).items() if name in TRANSFER}
        batching = self._batch_client(how, is_async=is_async)
        settings = override_config(as_config(config, self.config), streaming=False, **options)
        return batching, calls_of(prompts, system, settings, batching.chat.target.endpoint)

    def _batch_client(self, settings: Mapping[str, Any], *, is_async: bool) -> BatchResultsClient:
        from ..pipeline.operations.batch_items import BatchResultsClient

        own, call = self._prepare("batches", types.BatchRequest, {"action": "get"}, settings, is_async)
        try:
            files = self._pipeline("files", is_async=is_async)
        except UnsupportedError:
            files = None
        return BatchResultsClient(own, self._pipeline("chat", is_async=is_async), files, call, streams.Spool)


def as_job(given: BatchJob | str) -> BatchJob:
    """Return the job; a plain id becomes a job with only that id."""
    return types.BatchJob(batch_id=given) if isinstance(given, str) else given


def check_prompts(prompts: Any) -> None:
    """Raise for one text in place of a list, because its letters would be prompts."""
    if isinstance(prompts, str | bytes | Mapping) or not isinstance(prompts, Iterable):
        shown = f'"{prompts:.40}"' if isinstance(prompts, str) else "prompt"
        raise ConfigurationError(
            f"a batch takes a list of prompts, not {type(prompts).__name__}: submit_batch([{shown}])"
        )
