"""A bulk run through the provider's batches, sync and async, and the ledger rows of the items of a batch."""

from __future__ import annotations

import time
import uuid
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, Protocol, TypeVar, cast

from dhenara.ai import Send, Stream
from dhenara.ai.errors import CallError, CallTimeoutError
from dhenara.ai.types import BatchItemContext, Call

from ..concurrency import ITEM_ERRORS
from ..storage.store_io import StoreIO, call_store, call_store_shielded, within
from ..usage.attempt_rows import LONGEST_WAIT, stored_text
from ..usage.data import BATCH, Facts, UsageData, tags_now
from ..usage.estimates import REFUSED_COST
from ..usage.ledger import Ledger
from .backends import OnProvider, read_row_options
from .job import BulkJob, RowRequest, iter_requests
from .rows import RowResult, result_from_batch_item, result_from_error

if TYPE_CHECKING:
    from dhenara.ai.types import BatchItem, BatchJob

    from ..exceptions import OperationResult, Options
    from ..operations.client_core import ClientCore
    from .journal import SubmittedBatch
    from .methods import BatchPrompt


TAG = "batch"
"""The name of the tag with the id of the batch, in rows of its items."""


class ItemRowWriter(Protocol):
    """The parts of the usage layer that write rows of items."""

    tags: dict[str, str]
    items: dict[str, set[str]]

    @property
    def ledger(self) -> object: ...

    def write(self, rows: list[UsageData]) -> None: ...


async def record_item(io: StoreIO, usage: ItemRowWriter, target_facts: Facts, call: Call, send: Send) -> Stream:
    """Passes one item of a batch on, and writes its row unless the ledger has it.

    Args:
        io: The IO of the call.
        usage: The layer that writes the row.
        target_facts: The fields about provider and model.
        call: The call of the operation `batch_item`.
        send: The next layer.

    Raises:
        CallError: If the item failed.
    """
    item = call.request
    if not isinstance(item, BatchItemContext):
        return await send(call)
    at = item.job.created_at or datetime.fromtimestamp(io.time(), UTC)
    tags = {**usage.tags, **item.job.layer_data.get("tags", {}), **tags_now(), TAG: item.job.batch_id}
    facts = {**target_facts, "operation": BATCH, "tags": tags, "started_at": at, "request_id": request_id_of(item)}
    facts["row_id"] = row_id_of(facts)
    recorded = await recorded_items(io, usage, item, at)

    async def write(row: UsageData) -> None:
        if facts["request_id"] not in recorded:
            recorded.add(facts["request_id"])
            await call_store_shielded(io, usage.ledger, within(LONGEST_WAIT, usage.write), [row])

    try:
        stream = await send(call)
    except CallError as error:
        text = stored_text(error, call)
        await write(UsageData.of(None, REFUSED_COST, **facts, outcome="failed", error=text))
        raise

    async def ended(stream: Stream) -> None:
        answer = stream.partial()
        await write(UsageData.of(answer.usage, answer.cost, **facts))

    stream.on_end(ended)
    return stream


def request_id_of(item: BatchItemContext) -> str:
    """The id of an item, which is unique with the provider and the time of its batch."""
    return f"{item.job.batch_id}/{item.index}"


def row_id_of(facts: Facts) -> str:
    """The id of an item's row: the same in every process, so that two readers write one row."""
    name = f"{facts.get('provider')}|{facts['started_at'].isoformat()}|{facts['request_id']}"
    return blake2b(name.encode(), digest_size=16).hexdigest()


async def recorded_items(io: StoreIO, usage: ItemRowWriter, item: BatchItemContext, at: datetime) -> set[str]:
    """The items of this batch that have rows. The ledger is read once for each reading of a batch."""
    by_layer: dict[int, set[str]] = item.shared.setdefault("rows", {})
    if id(usage) not in by_layer:
        ledger = readable_ledger(usage.ledger)
        if ledger is None:
            by_layer[id(usage)] = usage.items.setdefault(item.job.batch_id, set())
        else:
            tags = {TAG: item.job.batch_id}
            rows = await call_store(io, ledger, lambda: list(ledger.rows(at, at + timedelta(seconds=1), tags)))
            by_layer[id(usage)] = {row.request_id or "" for row in rows}
    return by_layer[id(usage)]


def readable_ledger(sink: object) -> Ledger | None:
    """The ledger itself, also behind a tracker; None if rows cannot be read."""
    while sink is not None and not hasattr(sink, "rows"):
        sink = getattr(sink, "ledger", None)
    return cast("Ledger | None", sink)


T = TypeVar("T")
AnyIterator = Iterator[T] | AsyncIterator[T]

Sleep = Callable[[float], Awaitable[None]]
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 60.0
UNANSWERED = RowResult(
    {"text": None, "error": "submitted to the provider and not answered yet. Run the command again later."}
)


class ProviderRun:
    """Finds the batches of an earlier run, submits new rows, and waits for the answers."""

    def __init__(self, job: BulkJob, operations: ClientCore, options: Options, backend: OnProvider, sleep: Sleep):
        self._job = job
        self._journal = job.journal
        self._operations = operations
        self._row_options = read_row_options(options, operations.settings)
        self._backend = backend
        self._sleep = sleep
        self._unsubmitted: deque[RowRequest] = deque()
        self._sending: str | None = None
        # Where batches have no names, one is found by time and size, for which the batches must have ended.
        self._wait_options = {} if backend.wait is None else {"wait": backend.wait}

    async def run(self) -> None:
        with self._operations.middleware.request_scope(None, self._row_options.tags):
            for name in await self._find_lost_batches():
                self._journal.write_note(name, over="it was not created")
            await self._submit()
            for name in await self._find_lost_batches():
                rows = self._journal.submitted.pending_rows(name)
                self._fail_rows(name, rows, ConnectionError("the batch of this row did not reach the provider"))
            await self._collect()

    async def _find_lost_batches(self) -> list[str]:
        """Search the batches whose creation was not confirmed; return the names of those that do not exist."""
        unknown = [batch for batch in self._journal.submitted.open.values() if batch.job is None]
        absent = []
        for batch in unknown:
            try:
                job: BatchJob | None = await self._call_client(
                    "find_batch", batch.name, since=batch.at, total=len(batch.rows), **self._wait_options
                )
            except CallTimeoutError:
                if self._backend.wait is None:
                    raise
                continue  # its rows wait for the next run
            if job is None:
                absent.append(batch.name)
            else:
                self._record_batch(batch.name, job)
        return absent

    async def _submit(self) -> None:
        first = next(self._iter_prompts(), None)
        if first is None:
            return  # no rows are left, so a provider without batches causes no error
        arguments = {**self._row_options.call, "name": uuid.uuid4().hex[:16], "on_submit": self._note_submission}
        submissions: Iterator[BatchJob] | AsyncIterator[BatchJob] = await self._call_client(
            "submit_batches", self._iter_prompts(first), **arguments
        )
        while True:
            try:
                job = await next_or_none(submissions)
            except ITEM_ERRORS as error:
                self._record_refusal(error)
                continue
            if job is None:
                return
            if self._sending is not None:
                self._record_batch(self._sending, job)
            self._sending = None

    def _iter_prompts(self, first: BatchPrompt | None = None) -> Iterator[BatchPrompt]:
        """Yield the prompts of the remaining rows; each row is written to the journal first."""
        if first is not None:
            yield first
        for request in iter_requests(self._job):
            try:
                prompt = self._row_options.build_prompt(request.prompt, self._operations.settings)
            except ITEM_ERRORS as error:
                self._job.record_result(request, result_from_error(error))
                continue
            self._journal.add(request.index, request.fingerprint, request.row, UNANSWERED.entry)
            self._unsubmitted.append(RowRequest(request.index, {}, "", request.fingerprint))
            yield prompt

    def _note_submission(self, name: str | None, count: int) -> None:
        """Write to the journal that a batch will be submitted now; from here on it may exist."""
        rows = [self._unsubmitted.popleft().index for _ in range(count)]
        self._sending = name or ""
        self._journal.write_note(self._sending, rows=rows, at=datetime.now(UTC).isoformat())

    def _record_batch(self, name: str, job: BatchJob) -> None:
        self._journal.write_note(name, job=job.model_dump(mode="json", exclude={"raw", "response_headers", "attempts"}))

    def _record_refusal(self, error: BaseException) -> None:
        """Fail the rows of a batch that was refused; a batch that may exist is searched later."""
        name, self._sending = self._sending, None
        if name is None:
            raise error
        if is_definitely_refused(error):
            self._fail_rows(name, self._journal.submitted.pending_rows(name), error)

    def _fail_rows(self, name: str, rows: list[int], error: BaseException) -> None:
        for index in rows:
            self._record_row(index, result_from_error(error))
        self._journal.write_note(name, over="its rows have errors")

    async def _collect(self) -> None:
        until = None if self._backend.wait is None else time.monotonic() + self._backend.wait
        pause = self._backend.every or FIRST_PAUSE
        while self._journal.submitted.open:
            for batch in tuple(self._journal.submitted.open.values()):
                await self._poll_batch(batch)
            left = float("inf") if until is None else until - time.monotonic()
            if not self._journal.submitted.open or left <= 0:
                return
            await self._sleep(min(pause, left))
            pause = self._backend.every or min(pause * 1.5, LONGEST_PAUSE)

    async def _poll_batch(self, batch: SubmittedBatch) -> None:
        if batch.job is None:
            return  # its creation is not confirmed
        job: BatchJob = await self._call_client("get_batch", batch.job)
        if not job.over:
            return
        if job.state == "failed" and not job.files:
            error = CallError(f"the batch {job.batch_id} failed: {job.reason or 'no reason given'}")
            self._fail_rows(batch.name, self._journal.submitted.pending_rows(batch.name), error)
            return
        output_option = {k: v for k, v in self._row_options.call.items() if k == "structured_output"}
        items: AnyIterator[BatchItem] = await self._call_client("batch_items", job, **output_option)
        while (item := await next_or_none(items)) is not None:
            self._record_item(batch, item)
        self._journal.write_note(batch.name, over="its rows are answered")

    def _record_item(self, batch: SubmittedBatch, item: BatchItem) -> None:
        """Record an answer, unless the row was sent again with another request."""
        if item.index < len(batch.rows):
            index = batch.rows[item.index]
            if self._journal.submitted.batch_of(index) == batch.name:
                provider = self._operations.choose_provider(dict(self._row_options.client)).provider_name
                self._record_row(index, result_from_batch_item(item, provider, self._row_options.client.get("model")))

    def _record_row(self, index: int, outcome: RowResult) -> None:
        entry = self._journal.entry(index)
        self._job.record_result(RowRequest(index, entry["row"], "", entry["asked"]), outcome)

    async def _call_client(self, operation: str, *arguments: object, **options: object) -> OperationResult:
        """Calls an operation with provider and model of the run."""
        return await self._operations.operate(operation, arguments, {**self._row_options.client, **options})


async def next_or_none(iterator: AnyIterator[T]) -> T | None:
    """Return the next item of a sync or async iterator; None at its end."""
    if isinstance(iterator, AsyncIterator):
        return await anext(iterator, None)
    return next(iterator, None)


def is_definitely_refused(error: BaseException) -> bool:
    """Return whether the batch cannot exist: the provider refused it, or nothing was sent."""
    if not isinstance(error, CallError):
        return not isinstance(error, OSError)
    return error.status is not None and 400 <= error.status < 500
