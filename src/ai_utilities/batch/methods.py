"""Batches of the provider itself: half the price, answers within a day. `ask_batch` is the one that answers now."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..colour import finished

if TYPE_CHECKING:
    from dhenara.ai.streams.batches import AsyncBatchItems, AsyncSubmissions, SyncBatchItems, SyncSubmissions
    from dhenara.ai.types import BatchJob, BatchResults

    from ..operations import Operations


class ProviderBatches:
    """For programs that wait. Options are those of the engine's methods; later calls name the model of the batch."""

    _operations: Operations

    def submit_batch(self, prompts: Iterable[Any], **options: Any) -> BatchJob:
        """Hands the prompts over. Keep the job, as JSON if need be: another process may ask for its results."""
        job: BatchJob = finished(submit(self._operations, "submit_batch", prompts, options))
        return job

    def submit_batches(self, prompts: Iterable[Any], **options: Any) -> SyncSubmissions:
        """An iterator that hands over one batch after the other, as many as the provider's limits require."""
        jobs: SyncSubmissions = finished(submit(self._operations, "submit_batches", prompts, options))
        return jobs

    def find_batch(self, name: str, **options: Any) -> BatchJob | None:
        """The batch that was handed over under this name; None where it never arrived."""
        found: BatchJob | None = finished(self._operations.operate("find_batch", (name,), options))
        return found

    def batch_items(self, job: BatchJob | str, **options: Any) -> SyncBatchItems:
        """The answers one by one while they arrive, in the provider's order."""
        items: SyncBatchItems = finished(self._operations.operate("batch_items", (job,), options))
        return items

    def get_batch(self, job: BatchJob | str, **options: Any) -> BatchJob:
        """The batch as it stands now."""
        found: BatchJob = finished(self._operations.operate("get_batch", (job,), options))
        return found

    def wait_for_batch(self, job: BatchJob | str, **options: Any) -> BatchJob:
        """The batch once it is over; `wait` and `every` are in seconds."""
        found: BatchJob = finished(self._operations.operate("wait_for_batch", (job,), options))
        return found

    def cancel_batch(self, job: BatchJob | str, **options: Any) -> BatchJob:
        """What is not answered yet will not be."""
        found: BatchJob = finished(self._operations.operate("cancel_batch", (job,), options))
        return found

    def batch_results(self, job: BatchJob | str, **options: Any) -> BatchResults:
        """An answer or an error for each prompt, in their order."""
        found: BatchResults = finished(self._operations.operate("batch_results", (job,), options))
        return found


class AsyncProviderBatches:
    """The same, awaited."""

    _operations: Operations

    async def submit_batch(self, prompts: Iterable[Any], **options: Any) -> BatchJob:
        job: BatchJob = await submit(self._operations, "submit_batch", prompts, options)
        return job

    async def submit_batches(self, prompts: Iterable[Any], **options: Any) -> AsyncSubmissions:
        jobs: AsyncSubmissions = await submit(self._operations, "submit_batches", prompts, options)
        return jobs

    async def find_batch(self, name: str, **options: Any) -> BatchJob | None:
        found: BatchJob | None = await self._operations.operate("find_batch", (name,), options)
        return found

    async def batch_items(self, job: BatchJob | str, **options: Any) -> AsyncBatchItems:
        items: AsyncBatchItems = await self._operations.operate("batch_items", (job,), options)
        return items

    async def get_batch(self, job: BatchJob | str, **options: Any) -> BatchJob:
        found: BatchJob = await self._operations.operate("get_batch", (job,), options)
        return found

    async def wait_for_batch(self, job: BatchJob | str, **options: Any) -> BatchJob:
        found: BatchJob = await self._operations.operate("wait_for_batch", (job,), options)
        return found

    async def cancel_batch(self, job: BatchJob | str, **options: Any) -> BatchJob:
        found: BatchJob = await self._operations.operate("cancel_batch", (job,), options)
        return found

    async def batch_results(self, job: BatchJob | str, **options: Any) -> BatchResults:
        found: BatchResults = await self._operations.operate("batch_results", (job,), options)
        return found


async def submit(operations: Operations, operation: str, prompts: Iterable[Any], said: dict[str, Any]) -> Any:
    """With the system prompt of the settings, and their words for settings of calls."""
    from ..asked import SPELLINGS

    given = {SPELLINGS.get(name, name): value for name, value in said.items()}
    system = given.pop("system", None) or operations.settings.system_prompt
    if system:
        given["instructions"] = system
    return await operations.operate(operation, (prompts,), given)
