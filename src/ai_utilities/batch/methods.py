"""Methods of both clients for the provider's batches: half the price, answers within a day."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Unpack

from dhenara.ai.integration import use_own_names

from ..execution import run_sync
from ..option_checks import ALTERNATIVES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dhenara.ai import MessageLike
    from dhenara.ai.streams.operations import AsyncBatchItems, AsyncSubmissions, SyncBatchItems, SyncSubmissions
    from dhenara.ai.types import BatchJob, BatchResults

    from ..exceptions import OperationResult, Options
    from ..operation_options import BatchOptions, FindBatchOptions, SubmitManyOptions, SubmitOptions, WaitOptions
    from ..operations import ClientCore

    BatchPrompt = MessageLike | Sequence[MessageLike]


class BatchesMixin:
    """Batch methods of `AiClient`."""

    _operations: ClientCore

    def submit_batch(self, prompts: Iterable[BatchPrompt], **options: Unpack[SubmitOptions]) -> BatchJob:
        """Submit the prompts as one batch.

        Args:
            prompts: One prompt, or list of messages, per call.
            **options: See `SubmitOptions`; they apply to all calls.

        Returns:
            The job; it can be stored as JSON, so that another process can fetch the results.

        Raises:
            ProviderCapabilityError: If the provider has no batches.
            ProviderError: If the request fails.
        """
        job: BatchJob = run_sync(submit_prompts(self._operations, "submit_batch", prompts, dict(options)))
        return job

    def submit_batches(self, prompts: Iterable[BatchPrompt], **options: Unpack[SubmitManyOptions]) -> SyncSubmissions:
        """Submit any number of prompts, in as many batches as the provider's limits require.

        Args:
            prompts: One prompt, or list of messages, per call.
            **options: See `SubmitManyOptions`; they apply to all calls.

        Returns:
            An iterator of jobs; each batch is submitted when its job is read.
        """
        jobs: SyncSubmissions = run_sync(submit_prompts(self._operations, "submit_batches", prompts, dict(options)))
        return jobs

    def find_batch(self, name: str, **options: Unpack[FindBatchOptions]) -> BatchJob | None:
        """Return the batch that was submitted under this name.

        Args:
            name: The name passed to `submit_batch`.
            **options: See `FindBatchOptions`.

        Returns:
            The job, or None if the provider has no such batch.
        """
        job: BatchJob | None = run_sync(self._operations.operate("find_batch", (name,), dict(options)))
        return job

    def batch_items(self, job: BatchJob | str, **options: Unpack[BatchOptions]) -> SyncBatchItems:
        """Return the answers of a batch one by one, without holding all of them in memory.

        Args:
            job: The job, or the provider's id of the batch.
            **options: See `BatchOptions`.

        Returns:
            An iterator of answers, in the provider's order.
        """
        items: SyncBatchItems = run_sync(self._operations.operate("batch_items", (job,), dict(options)))
        return items

    def get_batch(self, job: BatchJob | str, **options: Unpack[BatchOptions]) -> BatchJob:
        """Return the current state of a batch.

        Args:
            job: The job, or the provider's id of the batch.
            **options: See `BatchOptions`.
        """
        current: BatchJob = run_sync(self._operations.operate("get_batch", (job,), dict(options)))
        return current

    def wait_for_batch(self, job: BatchJob | str, **options: Unpack[WaitOptions]) -> BatchJob:
        """Wait until a batch has ended.

        Args:
            job: The job, or the provider's id of the batch.
            **options: See `WaitOptions`.

        Returns:
            The job in its final state.

        Raises:
            CallTimeoutError: If the batch has not ended within `wait` seconds.
        """
        ended: BatchJob = run_sync(self._operations.operate("wait_for_batch", (job,), dict(options)))
        return ended

    def cancel_batch(self, job: BatchJob | str, **options: Unpack[BatchOptions]) -> BatchJob:
        """Cancel a batch. Calls that have no answer yet are not answered.

        Args:
            job: The job, or the provider's id of the batch.
            **options: See `BatchOptions`.

        Returns:
            The current state of the batch.
        """
        cancelled: BatchJob = run_sync(self._operations.operate("cancel_batch", (job,), dict(options)))
        return cancelled

    def batch_results(self, job: BatchJob | str, **options: Unpack[BatchOptions]) -> BatchResults:
        """Return all results of a batch.

        Args:
            job: The job, or the provider's id of the batch.
            **options: See `BatchOptions`.

        Returns:
            An answer or an error for each prompt, in the order of the prompts.
        """
        results: BatchResults = run_sync(self._operations.operate("batch_results", (job,), dict(options)))
        return results


class AsyncBatchesMixin:
    """Batch methods of `AsyncAiClient`; see `BatchesMixin` for arguments and results."""

    _operations: ClientCore

    async def submit_batch(self, prompts: Iterable[BatchPrompt], **options: Unpack[SubmitOptions]) -> BatchJob:
        """Submit the prompts as one batch; see `AiClient.submit_batch`.

        Args:
            prompts: One prompt, or list of messages, per call.
            **options: See `SubmitOptions`; they apply to all calls.
        """
        job: BatchJob = await submit_prompts(self._operations, "submit_batch", prompts, dict(options))
        return job

    async def submit_batches(
        self, prompts: Iterable[BatchPrompt], **options: Unpack[SubmitManyOptions]
    ) -> AsyncSubmissions:
        """Submit any number of prompts, in several batches if needed; see `AiClient.submit_batches`.

        Args:
            prompts: One prompt, or list of messages, per call.
            **options: See `SubmitManyOptions`; they apply to all calls.
        """
        jobs: AsyncSubmissions = await submit_prompts(self._operations, "submit_batches", prompts, dict(options))
        return jobs

    async def find_batch(self, name: str, **options: Unpack[FindBatchOptions]) -> BatchJob | None:
        """Return the batch that was submitted under this name; None if there is none."""
        job: BatchJob | None = await self._operations.operate("find_batch", (name,), dict(options))
        return job

    async def batch_items(self, job: BatchJob | str, **options: Unpack[BatchOptions]) -> AsyncBatchItems:
        """Return an iterator of the answers of a batch, in the provider's order.

        Args:
            job: The job, or the provider's id of the batch.
            **options: See `BatchOptions`.
        """
        items: AsyncBatchItems = await self._operations.operate("batch_items", (job,), dict(options))
        return items

    async def get_batch(self, job: BatchJob | str, **options: Unpack[BatchOptions]) -> BatchJob:
        """Return the current state of a batch.

        Args:
            job: The job, or the provider's id of the batch.
            **options: See `BatchOptions`.
        """
        current: BatchJob = await self._operations.operate("get_batch", (job,), dict(options))
        return current

    async def wait_for_batch(self, job: BatchJob | str, **options: Unpack[WaitOptions]) -> BatchJob:
        """Wait until a batch has ended; see `AiClient.wait_for_batch`.

        Args:
            job: The job, or the provider's id of the batch.
            **options: See `WaitOptions`.
        """
        ended: BatchJob = await self._operations.operate("wait_for_batch", (job,), dict(options))
        return ended

    async def cancel_batch(self, job: BatchJob | str, **options: Unpack[BatchOptions]) -> BatchJob:
        """Cancel a batch. Calls that have no answer yet are not answered.

        Args:
            job: The job, or the provider's id of the batch.
            **options: See `BatchOptions`.
        """
        cancelled: BatchJob = await self._operations.operate("cancel_batch", (job,), dict(options))
        return cancelled

    async def batch_results(self, job: BatchJob | str, **options: Unpack[BatchOptions]) -> BatchResults:
        """Return an answer or an error for each prompt, in the order of the prompts.

        Args:
            job: The job, or the provider's id of the batch.
            **options: See `BatchOptions`.
        """
        results: BatchResults = await self._operations.operate("batch_results", (job,), dict(options))
        return results


async def submit_prompts(
    operations: ClientCore, operation: str, prompts: Iterable[BatchPrompt], options: Options
) -> OperationResult:
    """Submit prompts with the system prompt of the settings, and with the kit's names of options."""
    arguments = use_own_names(options, ALTERNATIVES)
    system = arguments.pop("system", None) or operations.settings.system_prompt
    if system:
        arguments["instructions"] = system
    return await operations.operate(operation, (prompts,), arguments)
