"""Batches of a provider, each operation in both colours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import UnsupportedError
from ..runtime.blocking import run
from .asking import as_config, overridden, read_instructions
from .batch_calls import as_job, calls_of
from .operating import Operating

if TYPE_CHECKING:
    from datetime import datetime

    from ..flow.batches import Batching
    from ..history.reading import MessageLike
    from ..streams.batches import AsyncBatchItems, AsyncSubmissions, OnSubmit, SyncBatchItems, SyncSubmissions
    from ..types.batch import BatchJob, BatchResults
    from ..types.call import Call

    Asked = MessageLike | Sequence[MessageLike]

DAY = 86_400.0


class Batches(Operating):
    """A `BatchJob` can be kept as JSON (`job.model_dump_json()`) and read again by another process."""

    def submit_batch(
        self,
        prompts: Iterable[Asked],
        *,
        instructions: str | Sequence[str] | None = None,
        name: str | None = None,
        **settings: Any,
    ) -> BatchJob:
        """Hands over one call a prompt, or a list of messages; settings are those of `generate`, for all of them.

        Prompts are read one by one and wait on disk, so their number does not matter. By its `name` a batch is found
        again when nobody knows whether it was made.
        """
        batching, calls = self._handing(prompts, instructions, settings, is_async=False)
        return run(batching.submit(calls, name))

    async def submit_batch_async(
        self,
        prompts: Iterable[Asked],
        *,
        instructions: str | Sequence[str] | None = None,
        name: str | None = None,
        **settings: Any,
    ) -> BatchJob:
        """The same, awaited."""
        batching, calls = self._handing(prompts, instructions, settings, is_async=True)
        return await batching.submit(calls, name)

    def submit_batches(
        self,
        prompts: Iterable[Asked],
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

        batching, calls = self._handing(prompts, instructions, settings, is_async=False)
        return SyncSubmissions(batching, batching.portions(calls), name, on_submit)

    async def submit_batches_async(
        self,
        prompts: Iterable[Asked],
        *,
        instructions: str | Sequence[str] | None = None,
        name: str | None = None,
        on_submit: OnSubmit | None = None,
        **settings: Any,
    ) -> AsyncSubmissions:
        """The same for `async for`."""
        from ..streams.batches import AsyncSubmissions

        batching, calls = self._handing(prompts, instructions, settings, is_async=True)
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
        from ..flow.batch_finding import find_batch

        return run(find_batch(self._batching(settings, is_async=False), name, since, total, wait))

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
        from ..flow.batch_finding import find_batch

        return await find_batch(self._batching(settings, is_async=True), name, since, total, wait)

    def get_batch(self, job: BatchJob | str, **settings: Any) -> BatchJob:
        """The batch as it stands now."""
        return run(self._batching(settings, is_async=False).refresh(as_job(job)))

    async def get_batch_async(self, job: BatchJob | str, **settings: Any) -> BatchJob:
        """The same, awaited."""
        return await self._batching(settings, is_async=True).refresh(as_job(job))

    def cancel_batch(self, job: BatchJob | str, **settings: Any) -> BatchJob:
        """What is not answered yet will not be; answers that are there stay."""
        return run(self._batching(settings, is_async=False).cancel(as_job(job)))

    async def cancel_batch_async(self, job: BatchJob | str, **settings: Any) -> BatchJob:
        """The same, awaited."""
        return await self._batching(settings, is_async=True).cancel(as_job(job))

    def wait_for_batch(
        self, job: BatchJob | str, *, wait: float = DAY, every: float | None = None, **settings: Any
    ) -> BatchJob:
        """The batch once it is over, asked for every so many seconds, or less and less often."""
        return run(self._batching(settings, is_async=False).wait(as_job(job), wait, every))

    async def wait_for_batch_async(
        self, job: BatchJob | str, *, wait: float = DAY, every: float | None = None, **settings: Any
    ) -> BatchJob:
        """The same, awaited."""
        return await self._batching(settings, is_async=True).wait(as_job(job), wait, every)

    def batch_items(self, job: BatchJob | str, **settings: Any) -> SyncBatchItems:
        """The items one by one while they arrive, in the provider's order: very many need no memory."""
        from ..flow.batch_items import items_of
        from ..streams.batches import SyncBatchItems

        return SyncBatchItems(run(items_of(self._batching(settings, is_async=False), as_job(job))))

    async def batch_items_async(self, job: BatchJob | str, **settings: Any) -> AsyncBatchItems:
        """The same for `async for`."""
        from ..flow.batch_items import items_of
        from ..streams.batches import AsyncBatchItems

        return AsyncBatchItems(await items_of(self._batching(settings, is_async=True), as_job(job)))

    def batch_results(self, job: BatchJob | str, **settings: Any) -> BatchResults:
        """An answer or an error for each prompt, in their order, with what all cost; parsed where a shape is said."""
        from ..flow.batch_items import results_of

        return run(results_of(self._batching(settings, is_async=False), as_job(job)))

    async def batch_results_async(self, job: BatchJob | str, **settings: Any) -> BatchResults:
        """The same, awaited."""
        from ..flow.batch_items import results_of

        return await results_of(self._batching(settings, is_async=True), as_job(job))

    def _handing(
        self,
        prompts: Iterable[Asked],
        instructions: str | Sequence[str] | None,
        settings: Mapping[str, Any],
        *,
        is_async: bool,
    ) -> tuple[Batching, Iterator[Call]]:
        said = {name: value for name, value in settings.items() if name in ("timeout", "retries", "headers", "strict")}
        batching = self._batching(said, is_async=is_async)
        given = {**settings, "streaming": False}
        config = overridden(as_config(given.pop("config", None), self.config), given)
        return batching, calls_of(prompts, read_instructions(instructions), config, batching.chat.target.endpoint)

    def _batching(self, settings: Mapping[str, Any], *, is_async: bool) -> Batching:
        from ..flow.batches import Batching
        from ..runtime.spool import Spool
        from ..types.batch import BatchRequest

        own, call = self._asked("batches", BatchRequest, {"action": "get"}, settings, is_async)
        try:
            files = self._journey("files", is_async=is_async)
        except UnsupportedError:
            files = None
        return Batching(own, self._journey("chat", is_async=is_async), files, call, Spool)
