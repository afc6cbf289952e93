"""Batches of the provider itself: half the price, answers within a day. `ask_batch` is the one that answers now."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..execution import run_sync

if TYPE_CHECKING:
    from dhenara.ai.streams.batches import AsyncBatchItems, AsyncSubmissions, SyncBatchItems, SyncSubmissions
    from dhenara.ai.types import BatchJob, BatchResults

    from ..operations import ClientCore


class BatchesMixin:
    """For programs that wait. Options are those of the engine's methods; later calls name the model of the batch."""

    _operations: ClientCore

    def submit_batch(self, prompts: Iterable[Any], **options: Any) -> BatchJob:
        """Hands the prompts over. Keep the job, as JSON if need be: another process may ask for its results."""
        job: BatchJob = run_sync(submit_prompts(self._operations, "submit_batch", prompts, options))
        return job

    def submit_batches(self, prompts: Iterable[Any], **options: Any) -> SyncSubmissions:
        """An iterator that hands over one batch after the other, as many as the provider's limits require."""
        jobs: SyncSubmissions = run_sync(submit_prompts(self._operations, "submit_batches", prompts, options))
        return jobs

    def find_batch(self, name: str, **options: Any) -> BatchJob | None:
        """The batch that was handed over under this name; None where it never arrived."""
        match: BatchJob | None = run_sync(self._operations.operate("find_batch", (name,), options))
        return match

    def batch_items(self, job: BatchJob | str, **options: Any) -> SyncBatchItems:
        """The answers one by one while they arrive, in the provider's order."""
        items: SyncBatchItems = run_sync(self._operations.operate("batch_items", (job,), options))
        return items

    def get_batch(self, job: BatchJob | str, **options: Any) -> BatchJob:
        """The batch as it stands now."""
        match: BatchJob = run_sync(self._operations.operate("get_batch", (job,), options))
        return match

    def wait_for_batch(self, job: BatchJob | str, **options: Any) -> BatchJob:
        """The batch once it is over; `wait` and `every` are in seconds."""
        match: BatchJob = run_sync(self._operations.operate("wait_for_batch", (job,), options))
        return match

    def cancel_batch(self, job: BatchJob | str, **options: Any) -> BatchJob:
        """What is not answered yet will not be."""
        match: BatchJob = run_sync(self._operations.operate("cancel_batch", (job,), options))
        return match

    def batch_results(self, job: BatchJob | str, **options: Any) -> BatchResults:
        """An answer or an error for each prompt, in their order."""
        match: BatchResults = run_sync(self._operations.operate("batch_results", (job,), options))
        return match


class AsyncBatchesMixin:
    """The same, awaited."""

    _operations: ClientCore

    async def submit_batch(self, prompts: Iterable[Any], **options: Any) -> BatchJob:
        job: BatchJob = await submit_prompts(self._operations, "submit_batch", prompts, options)
        return job

    async def submit_batches(self, prompts: Iterable[Any], **options: Any) -> AsyncSubmissions:
        jobs: AsyncSubmissions = await submit_prompts(self._operations, "submit_batches", prompts, options)
        return jobs

    async def find_batch(self, name: str, **options: Any) -> BatchJob | None:
        match: BatchJob | None = await self._operations.operate("find_batch", (name,), options)
        return match

    async def batch_items(self, job: BatchJob | str, **options: Any) -> AsyncBatchItems:
        items: AsyncBatchItems = await self._operations.operate("batch_items", (job,), options)
        return items

    async def get_batch(self, job: BatchJob | str, **options: Any) -> BatchJob:
        match: BatchJob = await self._operations.operate("get_batch", (job,), options)
        return match

    async def wait_for_batch(self, job: BatchJob | str, **options: Any) -> BatchJob:
        match: BatchJob = await self._operations.operate("wait_for_batch", (job,), options)
        return match

    async def cancel_batch(self, job: BatchJob | str, **options: Any) -> BatchJob:
        match: BatchJob = await self._operations.operate("cancel_batch", (job,), options)
        return match

    async def batch_results(self, job: BatchJob | str, **options: Any) -> BatchResults:
        match: BatchResults = await self._operations.operate("batch_results", (job,), options)
        return match


async def submit_prompts(
    operations: ClientCore, operation: str, prompts: Iterable[Any], options: dict[str, Any]
) -> Any:
    """With the system prompt of the settings, and their words for settings of calls."""
    from ..ask_options import SPELLINGS

    given = {SPELLINGS.get(name, name): value for name, value in options.items()}
    system = given.pop("system", None) or operations.settings.system_prompt
    if system:
        given["instructions"] = system
    return await operations.operate(operation, (prompts,), given)
