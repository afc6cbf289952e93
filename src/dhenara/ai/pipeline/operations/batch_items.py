"""Reads the results of a batch one at a time, each as a response or an error, and finds a batch by its name."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from ...catalog.prices import batch_price
from ...codecs.base import Decoder
from ...codecs.operations.batches import BatchResult, index_of
from ...errors import BadAnswerError, BrokenStreamError, CallError, ConfigurationError, ServerError, UnsupportedError
from ...http.protocol.message import Head
from ...response.builder import ResponseBuilder
from ...response.structured import parse_structured
from ...types.chat.cost import Cost, add_costs
from ...types.chat.delta import ResultDelta
from ...types.chat.report import Attempt
from ...types.chat.response import ChatResponse
from ...types.chat.usage import add_usages
from ...types.config.call import Call, CallJournal
from ...types.content.media import Origin
from ...types.operations.batch import (
    BatchItem,
    BatchItemContext,
    BatchJob,
    BatchLine,
    BatchPage,
    BatchRequest,
    BatchResults,
)
from ...types.operations.files import FileRequest
from ...wire import json
from ..pipeline import Pipeline
from ..streaming.completed_stream import CompletedStream
from ..streaming.response_reader import MALFORMED
from ..streaming.stream import Stream
from ..streaming.structured_output import OutputToolDecoder
from .batch_jobs import BatchClient

TRIES = 3
"""How often an interrupted download of results is restarted."""


class BatchResultLines:
    """Downloads result lines; an interrupted download is restarted from the beginning."""

    def __init__(self, batching: BatchClient, job: BatchJob) -> None:
        self._batching = batching
        self._job = job
        self._sources: deque[Callable[[], tuple[Pipeline, Call]]] = deque()
        self._ready: deque[Any] = deque()
        self._stream: Stream | None = None
        self._cursor: str | None = None
        self._tries = 0
        self.lines_read = 0
        self._begin()

    async def next_line(self) -> Any | None:
        while not self._ready:
            if not await self._read_more():
                return None
        self.lines_read += 1
        return self._ready.popleft()

    async def close(self) -> None:
        if self._stream is not None:
            await self._stream.close()

    def abandon(self) -> None:
        if self._stream is not None:
            self._stream.abandon()

    def _begin(self) -> None:
        codec, job = self._batching.codec, self._job
        if job.files:
            self._sources.extend(partial(self._file, file_id) for file_id in job.files)
        elif codec.results_location == "inside":
            self._ready.extend(codec.inside(job.raw))
        elif codec.results_location in ("address", "pages"):
            self._sources.append(self._results)

    async def _read_more(self) -> bool:
        if not self._sources:
            return False
        if self._batching.codec.results_location == "pages":
            return await self._next_page()
        try:
            lines = await self._read()
        except BrokenStreamError:
            self._stream, self._tries = None, self._tries + 1
            if self._tries >= TRIES:
                raise
            return True
        if lines is None:
            self._stream = None
            self._sources.popleft()
        else:
            self._ready.extend(lines)
        return True

    async def _read(self) -> Sequence[Any] | None:
        if self._stream is None:
            pipeline, call = self._sources[0]()
            self._stream = await pipeline.start(call)
        batch = await self._stream.pull()
        if batch is None:
            return None
        results = [delta.result for delta in batch if isinstance(delta, ResultDelta)]
        return [line.result for line in results if isinstance(line, BatchLine)]

    async def _next_page(self) -> bool:
        pipeline, call = self._results()
        page = await pipeline.perform(call, BatchPage)
        self._ready.extend(page.lines)
        self._cursor = page.cursor
        if page.cursor is None:
            self._sources.clear()
        return True

    def _results(self) -> tuple[Pipeline, Call]:
        request = BatchRequest(action="results", batch_id=self._job.batch_id, cursor=self._cursor)
        return self._batching.own, replace(self._batching.call, request=request, journal=CallJournal())

    def _file(self, file_id: str) -> tuple[Pipeline, Call]:
        files = self._batching.files
        if files is None:
            name = self._batching.own.target.provider.name
            raise UnsupportedError(f"{name} stores batch results in files, but has no files API")
        request = FileRequest(action="lines", file_id=file_id)
        return files, replace(self._batching.call, operation="files", request=request, journal=CallJournal())


CLOCKS = timedelta(minutes=5)
"""Largest assumed difference between the provider's clock and ours."""

MOST_CALLS = 10_000_000
"""Larger than any batch; a larger index in a key does not belong to a call of ours."""


def checked(entry: BatchResult) -> BatchResult:
    """Return the entry; raise ValueError if its key or status has the wrong type."""
    if not isinstance(entry.key, str):
        raise ValueError(f"a result has the key {entry.key!r}, which is not a string")
    if type(entry.status) is not int:
        raise ValueError(f"a result has the status {entry.status!r}, which is not an integer")
    return entry


class BatchItemReader:
    """Reads the results of a finished batch in the provider's order, then reports calls without a result."""

    def __init__(self, batching: BatchClient, job: BatchJob) -> None:
        self.job = job
        self._batching = batching
        self._codec = batching.codec
        self._target = batching.chat.target
        self._lines = BatchResultLines(batching, job)
        self._seen = bytearray(job.total)
        self._place = 0
        self._shared: dict[str, Any] = {}

    async def next_item(self) -> BatchItem | None:
        """Return the next item; None when every call has had one."""
        while (line := await self._lines.next_line()) is not None:
            entry = self._entry(line)
            index = index_of(entry.key)
            if index is None or index >= MOST_CALLS or self._is_known(index):
                continue  # a restarted download repeats earlier results
            item = self._item(index, entry)
            await self._notify_layers(item, request=True)
            return item
        return await self._next_unanswered()

    async def has_name(self, name: str) -> bool:
        """Return whether the keys of this batch start with `name`."""
        line = await self._lines.next_line()
        await self.close()
        return line is not None and self._entry(line).key.rpartition("-")[0] == name

    async def close(self) -> None:
        """Close the download."""
        await self._lines.close()

    def abandon(self) -> None:
        """Close the download without awaiting."""
        self._lines.abandon()

    def _entry(self, line: Any) -> BatchResult:
        try:
            return checked(self._codec.entry(line, self._lines.lines_read - 1))
        except MALFORMED as error:
            raise BadAnswerError(f"the batch results do not follow the protocol: {error!r}") from error

    def _is_known(self, index: int) -> bool:
        """Return whether this item was seen before, and mark it as seen."""
        if index >= len(self._seen):
            self._seen.extend(bytes(index + 1 - len(self._seen)))
        before, self._seen[index] = self._seen[index], 1
        return bool(before)

    async def _next_unanswered(self) -> BatchItem | None:
        if not self._lines.lines_read and self.job.state == "failed":
            why = self.job.reason or "the provider gave no reason"
            raise ServerError(f"the batch {self.job.batch_id} failed: {why}")
        index = self._seen.find(0, self._place)
        if index < 0:
            return None
        self._place = index + 1
        self._seen[index] = 1
        message, origin = f"no result for this call: the batch is {self.job.state}", self._target.origin
        item = BatchItem(index, error=ServerError(message, provider=origin.provider, model=origin.model))
        await self._notify_layers(item, request=False)
        return item

    def _item(self, index: int, entry: BatchResult) -> BatchItem:
        origin = self._target.origin
        if entry.is_error or entry.body is None:
            error = self._target.codec.error(Head(entry.status if entry.is_error else 500), json.dumps(entry.body))
            error.provider, error.model, error.status = origin.provider, origin.model, entry.status
            return BatchItem(index, error=error)
        shape = self._batching.call.config.structured_output or self.job.shape
        builder = ResponseBuilder(origin, self._price, partial(parse_structured, shape=shape) if shape else None)
        try:
            for delta in self._decoder().whole(entry.body):
                builder.add(delta)
        except MALFORMED as error:
            return BatchItem(index, error=BadAnswerError(f"the response does not follow the protocol: {error!r}"))
        if isinstance(builder.error, CallError):
            return BatchItem(index, error=builder.error)
        return BatchItem(index, builder.response())

    def _decoder(self) -> Decoder:
        decoder: Decoder = self._target.codec.decoder(self._target.quirks)
        return OutputToolDecoder(decoder, self.job.answer_tool) if self.job.answer_tool else decoder

    def _price(self, answer: ChatResponse) -> Cost:
        at = self.job.created_at or datetime.fromtimestamp(self._batching.own.io.time(), UTC)
        share = self._batching.quirks.price_share
        return batch_price(self._target.endpoint, answer, at, self._target.base_url, share)

    async def _notify_layers(self, item: BatchItem, *, request: bool) -> None:
        """Pass each item through the layers as a call of its own."""
        batching, error = self._batching, item.error
        arrival = BatchItemContext(
            job=self.job,
            index=item.index,
            total=len(self._seen),
            response=item.response,
            error=error,
            was_sent=request,
            shared=self._shared,
        )
        status = getattr(error, "status", None) if request else None
        text = None if error is None else f"{type(error).__name__}: {error.message}"
        attempt = Attempt(number=1, outcome="failed" if error else "answered", status=status, error=text)
        journal = CallJournal(attempts=[attempt], started_at=batching.own.io.monotonic())
        call = replace(batching.call, operation="batch_item", request=arrival, journal=journal)
        try:
            await batching.own.notify_layers(call, partial(arrival_of, item, self._target.origin))
        except CallError as raised:
            if raised is not error:
                raise


def arrival_of(item: BatchItem, origin: Origin) -> Stream:
    """Return the item as a completed stream, or raise its error."""
    if item.response is None:
        raise item.error or ServerError("no result for this call")
    return CompletedStream(item.response, origin)


async def has_name(batching: BatchClient, job: BatchJob, name: str, total: int | None, longest: float) -> bool:
    if batching.codec.named:
        return job.name == name
    if total not in (None, job.total):
        return False
    return await BatchItemReader(batching, await batching.wait(job, longest, None)).has_name(name)


class BatchResultsClient(BatchClient):
    """A batch client that also finds batches and reads their results."""

    async def items(self, job: BatchJob) -> BatchItemReader:
        """Return a reader for the items of a finished batch; raise `ConfigurationError` if it is not finished."""
        protocol = self.chat.target.origin.protocol
        if job.protocol not in (None, protocol):
            raise ConfigurationError(
                f"this batch uses the protocol {job.protocol}, but this endpoint uses {protocol}. "
                "Read its results with an endpoint for the same model."
            )
        call = self.state_call(job)
        job = await self.read_state(job, call, await self.own.start(call))
        if not job.over:
            raise ConfigurationError(f"the batch {job.batch_id} is {job.state}. Call wait_for_batch first.")
        return BatchItemReader(self, job)

    async def results(self, items: BatchItemReader) -> BatchResults:
        """Return all items of a batch, in the order of the calls."""
        collected: list[BatchItem] = []
        while (item := await items.next_item()) is not None:
            collected.append(item)
        collected.sort(key=lambda item: item.index)
        answers = [item.response for item in collected if item.response is not None]
        usage, cost = add_usages([one.usage for one in answers]), add_costs([one.cost for one in answers])
        return BatchResults(tuple(collected), usage, cost, items.job)

    async def find(self, name: str, since: datetime | None, total: int | None, longest: float) -> BatchJob | None:
        """Return the batch submitted under this name, or None.

        Some providers have no batch names; the name is then in the keys of the results, so batches of matching time and
        size are waited for.
        """
        cursor: str | None = None
        while True:
            call = self._request_call(BatchRequest(action="list", cursor=cursor))
            page = await self.own.read_result(call, await self.own.start(call), BatchPage)
            for job in page.jobs:
                if since and job.created_at and job.created_at < since - CLOCKS:
                    continue
                if await has_name(self, job, name, total, longest):
                    known = {"name": name, "protocol": self.chat.target.origin.protocol}
                    return job.model_copy(update={**known, "total": max(job.total, total or 0)})
            cursor = page.cursor
            if cursor is None:
                return None
