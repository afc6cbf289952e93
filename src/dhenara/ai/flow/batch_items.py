"""Items of a batch: results read one by one as they arrive, however many there are, each an answer or an error."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from ..answer.fold import Draft
from ..answer.shape import shaped
from ..codecs.base import Decoder
from ..codecs.batching import Entry, place_of
from ..dataclass import replace
from ..errors import BadAnswerError, CallError, ConfigurationError, ServerError
from ..types.attempt import Attempt
from ..types.batch import BatchArrival, BatchItem, BatchJob, BatchResults
from ..types.call import Journal
from ..types.cost import Cost
from ..types.response import ChatResponse
from ..wire import json
from ..wire.http import Head
from .answer_tool import AnswerTool
from .arrived import Arrived
from .batch_lines import ResultLines
from .gathered import add_costs, add_usages
from .pricing import tools_of
from .sources import MALFORMED
from .stream import Stream

if TYPE_CHECKING:
    from .batches import Batching


MOST_CALLS = 10_000_000
"""No batch has more calls; larger numbers in keys are not those of calls that were made here."""


def checked(entry: Entry) -> Entry:
    """The entry; ValueError where its key or status is something else than it can be."""
    if not isinstance(entry.key, str):
        raise ValueError(f"a result is under {entry.key!r}, which is no key")
    if type(entry.status) is not int:
        raise ValueError(f"a result has the status {entry.status!r}")
    return entry


class Items:
    """The items of one batch that is over: as the provider tells them, then those that were never answered."""

    def __init__(self, batching: Batching, job: BatchJob) -> None:
        self.job = job
        self._batching = batching
        self._codec = batching.codec
        self._target = batching.chat.target
        self._lines = ResultLines(batching, job)
        self._seen = bytearray(job.total)
        self._place = 0
        self._shared: dict[str, Any] = {}

    async def next(self) -> BatchItem | None:
        """The next item; None when each call has had one."""
        while (told := await self._lines.next()) is not None:
            entry = self._entry(told)
            index = place_of(entry.key)
            if index is None or index >= MOST_CALLS or self._known(index):
                continue  # a list that was begun again tells again what it told before
            item = self._item(index, entry)
            await self._tell(item, asked=True)
            return item
        return await self._unanswered()

    async def named(self, name: str) -> bool:
        """Whether the calls of this batch were called by this name."""
        told = await self._lines.next()
        await self.close()
        return told is not None and self._entry(told).key.rpartition("-")[0] == name

    async def close(self) -> None:
        """Nothing more is read."""
        await self._lines.close()

    def abandon(self) -> None:
        """The same for someone who cannot wait."""
        self._lines.abandon()

    def _entry(self, told: Any) -> Entry:
        try:
            return checked(self._codec.entry(told, self._lines.told - 1))
        except MALFORMED as error:
            raise BadAnswerError(f"the results of the batch do not follow the protocol: {error!r}") from error

    def _known(self, index: int) -> bool:
        """Whether this item was told before; from now on it was."""
        if index >= len(self._seen):
            self._seen.extend(bytes(index + 1 - len(self._seen)))
        before, self._seen[index] = self._seen[index], 1
        return bool(before)

    async def _unanswered(self) -> BatchItem | None:
        if not self._lines.told and self.job.state == "failed":
            why = self.job.reason or "the provider does not say why"
            raise ServerError(f"the batch {self.job.batch_id} failed: {why}")
        index = self._seen.find(0, self._place)
        if index < 0:
            return None
        self._place = index + 1
        self._seen[index] = 1
        told, origin = f"this call was not answered: the batch is {self.job.state}", self._target.origin
        item = BatchItem(index, error=ServerError(told, provider=origin.provider, model=origin.model))
        await self._tell(item, asked=False)
        return item

    def _item(self, index: int, entry: Entry) -> BatchItem:
        origin = self._target.origin
        if entry.refused or entry.body is None:
            error = self._target.codec.error(Head(entry.status if entry.refused else 500), json.dumps(entry.body))
            error.provider, error.model, error.status = origin.provider, origin.model, entry.status
            return BatchItem(index, error=error)
        shape = self._batching.call.config.structured_output or self.job.shape
        draft = Draft(origin, self._price, partial(shaped, shape=shape) if shape else None)
        try:
            for delta in self._decoder().whole(entry.body):
                draft.add(delta)
        except MALFORMED as error:
            return BatchItem(index, error=BadAnswerError(f"the answer does not follow the protocol: {error!r}"))
        if isinstance(draft.error, CallError):
            return BatchItem(index, error=draft.error)
        return BatchItem(index, draft.response())

    def _decoder(self) -> Decoder:
        decoder: Decoder = self._target.codec.decoder(self._target.quirks)
        return AnswerTool(decoder, self.job.answer_tool) if self.job.answer_tool else decoder

    def _price(self, answer: ChatResponse) -> Cost | None:
        from ..catalog.batch_prices import batch_price

        at = self.job.created_at or datetime.fromtimestamp(self._batching.own.io.wall(), UTC)
        share = self._batching.quirks.price_share
        return batch_price(self._target.endpoint, answer, at, self._target.base_url, share, tools_of(answer))

    async def _tell(self, item: BatchItem, *, asked: bool) -> None:
        """The layers hear of each item as of a call, once it is here."""
        batching, error = self._batching, item.error
        arrival = BatchArrival(
            job=self.job,
            index=item.index,
            total=len(self._seen),
            response=item.response,
            error=error,
            asked=asked,
            shared=self._shared,
        )
        status = getattr(error, "status", None) if asked else None
        said = None if error is None else f"{type(error).__name__}: {error.message}"
        attempt = Attempt(number=1, outcome="failed" if error else "answered", status=status, error=said)
        journal = Journal(attempts=[attempt], started_at=batching.own.io.now())
        call = replace(batching.call, operation="batch_item", request=arrival, journal=journal)
        try:
            await batching.own.arrived(call, partial(arrival_of, item, self._target.origin))
        except CallError as raised:
            if raised is not error:
                raise


def arrival_of(item: BatchItem, origin: Any) -> Stream:
    """The answer as layers know answers: a stream that has ended."""
    if item.response is None:
        raise item.error or ServerError("this call was not answered")
    return Arrived(item.response, origin)


async def items_of(batching: Batching, job: BatchJob) -> Items:
    """The items of a batch, once it is over."""
    protocol = batching.chat.target.origin.protocol
    if job.protocol not in (None, protocol):
        raise ConfigurationError(
            f"this batch was asked in {job.protocol}, and this endpoint speaks {protocol}: "
            "read its results with an endpoint for the same model"
        )
    job = await batching.refresh(job)
    if not job.over:
        raise ConfigurationError(f"the batch {job.batch_id} is {job.state}: wait until it is over")
    return Items(batching, job)


async def results_of(batching: Batching, job: BatchJob) -> BatchResults:
    """All items at once, in the order of the calls."""
    items = await items_of(batching, job)
    found: list[BatchItem] = []
    while (item := await items.next()) is not None:
        found.append(item)
    found.sort(key=lambda item: item.index)
    answers = [item.response for item in found if item.response is not None]
    usage, cost = add_usages([one.usage for one in answers]), add_costs([one.cost for one in answers])
    return BatchResults(tuple(found), usage, cost, items.job)
