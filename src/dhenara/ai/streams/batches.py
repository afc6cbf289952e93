"""Iterators over batch items and over submitted batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Self

from ..io.sync_io import run
from ..pipeline.batches.items import BatchItemReader
from ..pipeline.batches.jobs import BatchClient, BatchSplitter
from ..types.operations.batch import BatchItem, BatchJob

OnSubmit = Callable[[str | None, int], None]
"""Called with the name of a batch and its number of calls, just before it is submitted."""


class BatchItems:
    """Items in the provider's order; `index` is the index of the call."""

    def __init__(self, items: BatchItemReader) -> None:
        self._items = items

    @property
    def job(self) -> BatchJob:
        """The finished batch."""
        return self._items.job

    def __del__(self) -> None:
        self._items.abandon()


class SyncBatchItems(BatchItems):
    """Iterator over batch items; closing it closes the connection."""

    def __iter__(self) -> Iterator[BatchItem]:
        return self

    def __next__(self) -> BatchItem:
        item = run(self._items.next_item())
        if item is None:
            raise StopIteration
        return item

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        run(self._items.close())


class AsyncBatchItems(BatchItems):
    """Async version of `SyncBatchItems`."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> BatchItem:
        item = await self._items.next_item()
        if item is None:
            raise StopAsyncIteration
        return item

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connection."""
        await self._items.close()


class Submissions:
    """Base of the submission iterators; after an error, iteration continues with the calls that follow."""

    def __init__(
        self, batching: BatchClient, portions: BatchSplitter, name: str | None, on_submit: OnSubmit | None
    ) -> None:
        self._batching = batching
        self._portions = portions
        self._name = name
        self._on_submit = on_submit
        self._made = 0

    async def _next(self) -> BatchJob | None:
        portion = await self._portions.next_portion()
        if portion is None:
            return None
        name = None if self._name is None else f"{self._name}-{self._made}"
        self._made += 1
        try:
            if self._on_submit is not None:
                self._on_submit(name, portion.spool.count)
            return await self._batching.submit_portion(portion, name)
        finally:
            portion.spool.close()


class SyncSubmissions(Submissions):
    """Iterator that submits one batch per step."""

    def __iter__(self) -> Iterator[BatchJob]:
        return self

    def __next__(self) -> BatchJob:
        job = run(self._next())
        if job is None:
            raise StopIteration
        return job


class AsyncSubmissions(Submissions):
    """Async version of `SyncSubmissions`."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> BatchJob:
        job = await self._next()
        if job is None:
            raise StopAsyncIteration
        return job
