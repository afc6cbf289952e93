"""Batches of a provider, each operation in both colours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import UnsupportedError
from ..runtime.sync_io import run
from .batch_calls import as_job, calls_of
from .call_factory import as_config, override_config, read_instructions
from .operations_base import OperationsBase

if TYPE_CHECKING:
    from datetime import datetime

    from ..history.parsing import MessageLike
    from ..pipeline.batches import BatchClient
    from ..streams.batches import AsyncBatchItems, AsyncSubmissions, OnSubmit, SyncBatchItems, SyncSubmissions
    from ..types.batch import BatchJob, BatchResults
    from ..types.call import Call

    BatchPrompt = MessageLike | Sequence[MessageLike]

DAY = 86_400.0


class EngineBatchesMixin(OperationsBase):
    """A `BatchJob` can be kept as JSON (`job.model_dump_json()`) and read again by another process."""

    def submit_batch(
        self,
        prompts: Iterable[BatchPrompt],
        *,
        instructions: str | Sequence[str] | None = None,
        name: str | None = None,
        **settings: Any,
    ) -> BatchJob:
        """Hands over one call a prompt, or a list of messages; settings are those of `generate`, for all of them.

        Prompts are read one by one and wait on disk, so their number does not matter. By its `name` a batch is found
        again when nobody knows whether it was made.
        """
        batching, calls = self._prepare_submission(prompts, instructions, settings, is_async=False)
        return run(batching.submit(calls, name))

    async def submit_batch_async(
        self,
        prompts: Iterable[BatchPrompt],
        *,
        instructions: str | Sequence[str] | None = None,
        name: str | None = None,
        **settings: Any,
    ) -> BatchJob:
        """The same, awaited."""
        batching, calls = self._prepare_submission(prompts, instructions, settings, is_async=True)
        return await batching.submit(calls, name)

    def submit_batches(
        self,
        prompts: Iterable[BatchPrompt],
        *,
        instructions: str | Sequence[str] | None = None,
        name: str | None = None,
        on_submit: OnSubmit | None = None,
        **settings: Any,
    ) -> SyncSubmissions:
        """As many batches as the provider's limits require, each handed over when the iterator is asked for it.

        They are called `name-0`, `name-1` and so on; `on_submit(name, calls)` is told just before each is sent.
        """
        from ..streams.batches import SyncSubmissions

        batching, calls = self._prepare_submission(prompts, instructions, settings, is_async=False)
        return SyncSubmissions(batching, batching.portions(calls), name, on_submit)

    async def submit_batches_async(
        self,
        prompts: Iterable[BatchPrompt],
        *,
        instructions: str | Sequence[str] | None = None,
        name: str | None = None,
        on_submit: OnSubmit | None = None,
        **settings: Any,
    ) -> AsyncSubmissions:
        """The same for `async for`."""
        from ..streams.batches import AsyncSubmissions

        batching, calls = self._prepare_submission(prompts, instructions, settings, is_async=True)
        return AsyncSubmissions(batching, batching.portions(calls), name, on_submit)

    def find_batch(
        self,
        name: str,
        *,
        since: datetime | None = None,
        total: int | None = None,
        wait: float = DAY,
        **settings: Any,
    ) -> BatchJob | None:
        """The batch that was handed over under this name; None where it never arrived.

        Where batches tell no names, those that were made `since` then with so many calls (`total`) are waited for.
        """
        from ..pipeline.batch_lookup import find_batch

        return run(find_batch(self._batch_client(settings, is_async=False), name, since, total, wait))

    async def find_batch_async(
        self,
        name: str,
        *,
        since: datetime | None = None,
        total: int | None = None,
        wait: float = DAY,
        **settings: Any,
    ) -> BatchJob | None:
        """The same, awaited."""
        from ..pipeline.batch_lookup import find_batch

        return await find_batch(self._batch_client(settings, is_async=True), name, since, total, wait)

    def get_batch(self, job: BatchJob | str, **settings: Any) -> BatchJob:
        """The batch as it stands now."""
        return run(self._batch_client(settings, is_async=False).refresh(as_job(job)))

    async def get_batch_async(self, job: BatchJob | str, **settings: Any) -> BatchJob:
        """The same, awaited."""
        return await self._batch_client(settings, is_async=True).refresh(as_job(job))

    def cancel_batch(self, job: BatchJob | str, **settings: Any) -> BatchJob:
        """What is not answered yet will not be; answers that are there stay."""
        return run(self._batch_client(settings, is_async=False).cancel(as_job(job)))

    async def cancel_batch_async(self, job: BatchJob | str, **settings: Any) -> BatchJob:
        """The same, awaited."""
        return await self._batch_client(settings, is_async=True).cancel(as_job(job))

    def wait_for_batch(
        self, job: BatchJob | str, *, wait: float = DAY, every: float | None = None, **settings: Any
    ) -> BatchJob:
        """The batch once it is over, asked for every so many seconds, or less and less often."""
        return run(self._batch_client(settings, is_async=False).wait(as_job(job), wait, every))

    async def wait_for_batch_async(
        self, job: BatchJob | str, *, wait: float = DAY, every: float | None = None, **settings: Any
    ) -> BatchJob:
        """The same, awaited."""
        return await self._batch_client(settings, is_async=True).wait(as_job(job), wait, every)

    def batch_items(self, job: BatchJob | str, **settings: Any) -> SyncBatchItems:
        """The items one by one while they arrive, in the provider's order: very many need no memory."""
        from ..pipeline.batch_items import items_of
        from ..streams.batches import SyncBatchItems

        return SyncBatchItems(run(items_of(self._batch_client(settings, is_async=False), as_job(job))))

    async def batch_items_async(self, job: BatchJob | str, **settings: Any) -> AsyncBatchItems:
        """The same for `async for`."""
        from ..pipeline.batch_items import items_of
        from ..streams.batches import AsyncBatchItems

        return AsyncBatchItems(await items_of(self._batch_client(settings, is_async=True), as_job(job)))

    def batch_results(self, job: BatchJob | str, **settings: Any) -> BatchResults:
        """An answer or an error for each prompt, in their order, with what all cost; parsed where a shape is said."""
        from ..pipeline.batch_items import results_of

        return run(results_of(self._batch_client(settings, is_async=False), as_job(job)))

    async def batch_results_async(self, job: BatchJob | str, **settings: Any) -> BatchResults:
        """The same, awaited."""
        from ..pipeline.batch_items import results_of

        return await results_of(self._batch_client(settings, is_async=True), as_job(job))

    def _prepare_submission(
        self,
        prompts: Iterable[BatchPrompt],
        instructions: str | Sequence[str] | None,
        settings: Mapping[str, Any],
        *,
        is_async: bool,
    ) -> tuple[BatchClient, Iterator[Call]]:
        text = {name: value for name, value in settings.items() if name in ("timeout", "retries", "headers", "strict")}
        batching = self._batch_client(text, is_async=is_async)
        given = {**settings, "streaming": False}
        config = override_config(as_config(given.pop("config", None), self.config), given)
        return batching, calls_of(prompts, read_instructions(instructions), config, batching.chat.target.endpoint)

    def _batch_client(self, settings: Mapping[str, Any], *, is_async: bool) -> BatchClient:
        from ..pipeline.batches import BatchClient
        from ..runtime.spool import Spool
        from ..types.batch import BatchRequest

        own, call = self._prepare("batches", BatchRequest, {"action": "get"}, settings, is_async)
        try:
            files = self._pipeline("files", is_async=is_async)
        except UnsupportedError:
            files = None
        return BatchClient(own, self._pipeline("chat", is_async=is_async), files, call, Spool)
