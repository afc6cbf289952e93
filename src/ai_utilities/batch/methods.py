"""Methods of both clients for the provider's batches: half the price, answers within a day."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Unpack

from dhenara.ai.integration import conceal_options, conceals_its_options, use_own_names

from ..execution import AnyAsyncCall, AnyCall
from ..operations.option_checks import ALTERNATIVES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dhenara.ai import MessageLike
    from dhenara.ai.streams.operations import AsyncBatchItems, AsyncSubmissions, SyncBatchItems, SyncSubmissions
    from dhenara.ai.types import BatchJob, BatchResults

    from ..exceptions import Options
    from ..operations.client_core import ClientCore
    from ..operations.operation_options import (
        BatchOptions,
        FindBatchOptions,
        SubmitManyOptions,
        SubmitOptions,
        WaitOptions,
    )

    BatchPrompt = MessageLike | Sequence[MessageLike]


class BatchesMixin:
    """Batch methods of `AiClient`."""

    _operations: ClientCore

    @conceals_its_options
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
        conceal_options(options)
        settings = submit_options(self._operations, dict(options))
        call: AnyCall[BatchJob] = self._operations.prepare_operation("submit_batch", (prompts,), settings)
        with call.context():
            return call.read(call.send())

    @conceals_its_options
    def submit_batches(self, prompts: Iterable[BatchPrompt], **options: Unpack[SubmitManyOptions]) -> SyncSubmissions:
        """Submit any number of prompts, in as many batches as the provider's limits require.

        Args:
            prompts: One prompt, or list of messages, per call.
            **options: See `SubmitManyOptions`; they apply to all calls.

        Returns:
            An iterator of jobs; each batch is submitted when its job is read.
        """
        conceal_options(options)
        settings = submit_options(self._operations, dict(options))
        call: AnyCall[SyncSubmissions] = self._operations.prepare_operation("submit_batches", (prompts,), settings)
        with call.context():
            return call.read(call.send())

    @conceals_its_options
    def find_batch(self, name: str, **options: Unpack[FindBatchOptions]) -> BatchJob | None:
        """Return the batch that was submitted under this name.

        Args:
            name: The name passed to `submit_batch`.
            **options: See `FindBatchOptions`.

        Returns:
            The job, or None if the provider has no such batch.
        """
        conceal_options(options)
        call: AnyCall[BatchJob | None] = self._operations.prepare_operation("find_batch", (name,), dict(options))
        with call.context():
            return call.read(call.send())

    @conceals_its_options
    def batch_items(self, job: BatchJob | str, **options: Unpack[BatchOptions]) -> SyncBatchItems:
        """Return the answers of a batch one by one, without holding all of them in memory.

        Args:
            job: The job, or the provider's id of the batch.
            **options: See `BatchOptions`.

        Returns:
            An iterator of answers, in the provider's order.
        """
        conceal_options(options)
        call: AnyCall[SyncBatchItems] = self._operations.prepare_operation("batch_items", (job,), dict(options))
        with call.context():
            return call.read(call.send())

    @conceals_its_options
    def get_batch(self, job: BatchJob | str, **options: Unpack[BatchOptions]) -> BatchJob:
        """Return the current state of a batch.

        Args:
            job: The job, or the provider's id of the batch.
            **options: See `BatchOptions`.
        """
        conceal_options(options)
        call: AnyCall[BatchJob] = self._operations.prepare_operation("get_batch", (job,), dict(options))
        with call.context():
            return call.read(call.send())

    @conceals_its_options
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
        conceal_options(options)
        call: AnyCall[BatchJob] = self._operations.prepare_operation("wait_for_batch", (job,), dict(options))
        with call.context():
            return call.read(call.send())

    @conceals_its_options
    def cancel_batch(self, job: BatchJob | str, **options: Unpack[BatchOptions]) -> BatchJob:
        """Cancel a batch. Calls that have no answer yet are not answered.

        Args:
            job: The job, or the provider's id of the batch.
            **options: See `BatchOptions`.

        Returns:
            The current state of the batch.
        """
        conceal_options(options)
        call: AnyCall[BatchJob] = self._operations.prepare_operation("cancel_batch", (job,), dict(options))
        with call.context():
            return call.read(call.send())

    @conceals_its_options
    def batch_results(self, job: BatchJob | str, **options: Unpack[BatchOptions]) -> BatchResults:
        """Return all results of a batch.

        Args:
            job: The job, or the provider's id of the batch.
            **options: See `BatchOptions`.

        Returns:
            An answer or an error for each prompt, in the order of the prompts.
        """
        conceal_options(options)
        call: AnyCall[BatchResults] = self._operations.prepare_operation("batch_results", (job,), dict(options))
        with call.context():
            return call.read(call.send())


class AsyncBatchesMixin:
    """Batch methods of `AsyncAiClient`; see `BatchesMixin` for arguments and results."""

    _operations: ClientCore

    @conceals_its_options
    async def submit_batch(self, prompts: Iterable[BatchPrompt], **options: Unpack[SubmitOptions]) -> BatchJob:
        """Submit the prompts as one batch; see `AiClient.submit_batch`.

        Args:
            prompts: One prompt, or list of messages, per call.
            **options: See `SubmitOptions`; they apply to all calls.
        """
        conceal_options(options)
        settings = submit_options(self._operations, dict(options))
        call: AnyAsyncCall[BatchJob] = self._operations.prepare_operation_async("submit_batch", (prompts,), settings)
        with call.context():
            return call.read(await call.send())

    @conceals_its_options
    async def submit_batches(
        self, prompts: Iterable[BatchPrompt], **options: Unpack[SubmitManyOptions]
    ) -> AsyncSubmissions:
        """Submit any number of prompts, in several batches if needed; see `AiClient.submit_batches`.

        Args:
            prompts: One prompt, or list of messages, per call.
            **options: See `SubmitManyOptions`; they apply to all calls.
        """
        conceal_options(options)
        settings = submit_options(self._operations, dict(options))
        call: AnyAsyncCall[AsyncSubmissions] = self._operations.prepare_operation_async(
            "submit_batches", (prompts,), settings
        )
        with call.context():
            return call.read(await call.send())

    @conceals_its_options
    async def find_batch(self, name: str, **options: Unpack[FindBatchOptions]) -> BatchJob | None:
        """Return the batch that was submitted under this name; None if there is none."""
        conceal_options(options)
        call: AnyAsyncCall[BatchJob | None] = self._operations.prepare_operation_async(
            "find_batch", (name,), dict(options)
        )
        with call.context():
            return call.read(await call.send())

    @conceals_its_options
    async def batch_items(self, job: BatchJob | str, **options: Unpack[BatchOptions]) -> AsyncBatchItems:
        """Return an iterator of the answers of a batch, in the provider's order.

        Args:
            job: The job, or the provider's id of the batch.
            **options: See `BatchOptions`.
        """
        conceal_options(options)
        call: AnyAsyncCall[AsyncBatchItems] = self._operations.prepare_operation_async(
            "batch_items", (job,), dict(options)
        )
        with call.context():
            return call.read(await call.send())

    @conceals_its_options
    async def get_batch(self, job: BatchJob | str, **options: Unpack[BatchOptions]) -> BatchJob:
        """Return the current state of a batch.

        Args:
            job: The job, or the provider's id of the batch.
            **options: See `BatchOptions`.
        """
        conceal_options(options)
        call: AnyAsyncCall[BatchJob] = self._operations.prepare_operation_async("get_batch", (job,), dict(options))
        with call.context():
            return call.read(await call.send())

    @conceals_its_options
    async def wait_for_batch(self, job: BatchJob | str, **options: Unpack[WaitOptions]) -> BatchJob:
        """Wait until a batch has ended; see `AiClient.wait_for_batch`.

        Args:
            job: The job, or the provider's id of the batch.
            **options: See `WaitOptions`.
        """
        conceal_options(options)
        call: AnyAsyncCall[BatchJob] = self._operations.prepare_operation_async("wait_for_batch", (job,), dict(options))
        with call.context():
            return call.read(await call.send())

    @conceals_its_options
    async def cancel_batch(self, job: BatchJob | str, **options: Unpack[BatchOptions]) -> BatchJob:
        """Cancel a batch. Calls that have no answer yet are not answered.

        Args:
            job: The job, or the provider's id of the batch.
            **options: See `BatchOptions`.
        """
        conceal_options(options)
        call: AnyAsyncCall[BatchJob] = self._operations.prepare_operation_async("cancel_batch", (job,), dict(options))
        with call.context():
            return call.read(await call.send())

    @conceals_its_options
    async def batch_results(self, job: BatchJob | str, **options: Unpack[BatchOptions]) -> BatchResults:
        """Return an answer or an error for each prompt, in the order of the prompts.

        Args:
            job: The job, or the provider's id of the batch.
            **options: See `BatchOptions`.
        """
        conceal_options(options)
        call: AnyAsyncCall[BatchResults] = self._operations.prepare_operation_async(
            "batch_results", (job,), dict(options)
        )
        with call.context():
            return call.read(await call.send())


def submit_options(operations: ClientCore, options: Options) -> Options:
    """The options of a submission, under the engine's names, with the system prompt of the settings."""
    arguments = use_own_names(options, ALTERNATIVES)
    system = arguments.pop("system", None) or operations.settings.system_prompt
    if system:
        arguments["instructions"] = system
    return arguments
