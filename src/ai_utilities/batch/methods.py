"""Methods of both clients for the provider's batches: half the price, answers within a day."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..ask_options import SPELLINGS
from ..execution import run_sync

if TYPE_CHECKING:
    from dhenara.ai.streams.batches import AsyncBatchItems, AsyncSubmissions, SyncBatchItems, SyncSubmissions
    from dhenara.ai.types import BatchJob, BatchResults

    from ..operations import ClientCore


class BatchesMixin:
    """Batch methods of `AiClient`. Options are those of the engine's methods of the same name."""

    _operations: ClientCore

    def submit_batch(self, prompts: Iterable[Any], **options: Any) -> BatchJob:
        """Submit the prompts as one batch.

        Args:
            prompts: One prompt per call.
            **options: Options of the engine's `submit_batch`.

        Returns:
            The job; it can be stored as JSON, so that another process can fetch the results.
        """
        job: BatchJob = run_sync(submit_prompts(self._operations, "submit_batch", prompts, options))
        return job

    def submit_batches(self, prompts: Iterable[Any], **options: Any) -> SyncSubmissions:
        """Submit any number of prompts, in several batches if the limits require it; yields each job."""
        jobs: SyncSubmissions = run_sync(submit_prompts(self._operations, "submit_batches", prompts, options))
        return jobs

    def find_batch(self, name: str, **options: Any) -> BatchJob | None:
        """Return the batch that was submitted under this name; None if it does not exist."""
        match: BatchJob | None = run_sync(self._operations.operate("find_batch", (name,), options))
        return match

    def batch_items(self, job: BatchJob | str, **options: Any) -> SyncBatchItems:
        """Iterate over the answers of a batch, in the provider's order."""
        items: SyncBatchItems = run_sync(self._operations.operate("batch_items", (job,), options))
        return items

    def get_batch(self, job: BatchJob | str, **options: Any) -> BatchJob:
        """Return the current state of a batch."""
        match: BatchJob = run_sync(self._operations.operate("get_batch", (job,), options))
        return match

    def wait_for_batch(self, job: BatchJob | str, **options: Any) -> BatchJob:
        """Wait until a batch has ended; `wait` (maximum) and `every` are in seconds."""
        match: BatchJob = run_sync(self._operations.operate("wait_for_batch", (job,), options))
        return match

    def cancel_batch(self, job: BatchJob | str, **options: Any) -> BatchJob:
        """Cancel a batch; calls without an answer are not answered."""
        match: BatchJob = run_sync(self._operations.operate("cancel_batch", (job,), options))
        return match

    def batch_results(self, job: BatchJob | str, **options: Any) -> BatchResults:
        """Return an answer or an error for each prompt, in their order."""
        match: BatchResults = run_sync(self._operations.operate("batch_results", (job,), options))
        return match


class AsyncBatchesMixin:
    """Batch methods of `AsyncAiClient`."""

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
    """Submit prompts with the system prompt of the settings, and with the kit's names of options."""
    given = {SPELLINGS.get(name, name): value for name, value in options.items()}
    system = given.pop("system", None) or operations.settings.system_prompt
    if system:
        given["instructions"] = system
    return await operations.operate(operation, (prompts,), given)
