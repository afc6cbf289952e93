"""Usage around calls: a row for every attempt, also those that failed, were cut, were left, or came from a cache."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Protocol

from dhenara.ai import Layer, Send, Stream
from dhenara.ai.types import Attempt, Call, ChatResponse, Cost

from ..storage.running import World, surely
from .batch_rows import FREE, ITEM, NOTHING, book_item
from .data import Outcome, UsageData
from .rows_left import RowsLeftError
from .tags import tags_now

log = logging.getLogger("ai_utilities.usage")
LONGEST_BACKLOG = 10_000
"""Rows that wait in memory for a ledger that fails; beyond, the oldest are given up, with an error in the log."""


class Sink(Protocol):
    """A ledger, or a tracker: whoever takes rows."""

    def add(self, rows: Sequence[UsageData]) -> None: ...


class UsageLayer:
    """Put it into `layers` before the cache, so that cached answers are counted too.

    `tags` go with every row, besides those of `tagged(...)`. A ledger that fails never fails a call: rows wait for it.
    """

    def __init__(
        self,
        ledger: Sink,
        *,
        tags: Mapping[str, str] | None = None,
        listener: Callable[[UsageData], None] | None = None,
    ) -> None:
        self.ledger = ledger
        self.tags = dict(tags or {})
        self._listener = listener
        self.items: dict[str, set[str]] = {}
        """Items of batches that have rows, for ledgers that cannot be asked."""

        self._backlog: list[UsageData] = []
        self._failed = False
        self._lock = threading.Lock()

    def bind(self, io: World, target: Any) -> Layer:
        return Bound(self, io, target)

    def write(self, rows: list[UsageData]) -> None:
        """Into the ledger, with those that could not be written before."""
        with self._lock:
            waiting, self._backlog = [*self._backlog, *rows], []
        try:
            self.ledger.add(waiting)
        except Exception as error:  # noqa: BLE001  # users' ledgers may raise anything, and no answer is lost for it
            self._wait(error.rows if isinstance(error, RowsLeftError) else waiting, error)
        else:
            if self._failed:
                self._failed = False
                log.warning("usage is written again, and so are %d rows that waited", len(waiting) - len(rows))
        if self._listener is not None:
            for row in rows:
                self._listener(row)

    def flush(self) -> None:
        """Writes what waits, if anything does."""
        if self._backlog:
            self.write([])

    def _wait(self, rows: list[UsageData], error: Exception) -> None:
        with self._lock:
            self._backlog = [*rows, *self._backlog]
            lost = max(0, len(self._backlog) - LONGEST_BACKLOG)
            del self._backlog[:lost]
            first, self._failed = not self._failed, True
        if first:
            cause = error.__cause__ or error
            log.warning("usage could not be written; %d rows wait: %s: %s", len(rows), type(cause).__name__, cause)
        if lost:
            log.error("usage could not be written for too long: %d rows were given up", lost)


class Bound:
    """The ledger in one world, before one target."""

    def __init__(self, usage: UsageLayer, io: World, target: Any) -> None:
        self._usage = usage
        self._io = io
        self._who = {"provider": target.origin.provider, "model": target.origin.model}

    async def __call__(self, call: Call, send: Send) -> Stream:
        if call.operation == ITEM:
            return await book_item(self._io, self._usage, self._who, call, send)
        at = datetime.fromtimestamp(self._io.wall(), UTC)
        facts = {**self._who, "operation": call.operation, "tags": {**self._usage.tags, **tags_now()}, "started_at": at}
        if call.operation in FREE:
            call.journal.kept["tags"] = facts["tags"]
        started = self._io.now()
        before = len(call.journal.attempts)

        async def write(rows: list[UsageData]) -> None:
            if rows:
                await surely(self._io, self._usage.ledger, self._usage.write, rows)

        try:
            stream = await send(call)
        except BaseException as error:
            rows = failed_rows(call.journal.attempts[before:], facts)
            if left(error):
                rows.append(row(facts, "cancelled", len(rows) + 1, duration_s=self._io.now() - started))
            await write(rows)
            raise

        async def ended(stream: Stream) -> None:
            answer, now = stream.partial(), self._io.now()
            if answer.cached:
                await write([cached_row(answer, facts, now - started)])
                return
            *tries, last = call.journal.attempts[before:] or [Attempt(number=1, outcome="answered")]
            began = call.journal.began_at or now
            await write([*failed_rows(tries, facts), ended_row(stream, answer, last, facts, now - began)])

        stream.on_end(ended)
        return stream


def left(error: BaseException) -> bool:
    """Whether the caller went away in the middle of an attempt."""
    return not isinstance(error, Exception)


def row(facts: Mapping[str, Any], outcome: Outcome, attempt: int, cost: Cost | None = None, **more: Any) -> UsageData:
    """A row without usage."""
    return UsageData.of(None, cost, **{**facts, "outcome": outcome, "attempt": attempt, **more})


def failed_rows(attempts: list[Attempt], facts: Mapping[str, Any]) -> list[UsageData]:
    """Providers do not charge what they refuse; what became of a request that got no answer is unknown."""
    rows = []
    for attempt in attempts:
        refused = attempt.status is not None and attempt.status >= 400
        unsent = (attempt.error or "").startswith(("LimitReachedError", "ConnectionFailedError: could not reach"))
        free = Cost(amount=Decimal(0), source="refused") if refused or unsent else None
        rows.append(
            row(
                facts,
                "failed",
                attempt.number,
                free,
                error=attempt.error,
                request_id=attempt.request_id,
                duration_s=attempt.seconds,
            )
        )
    return rows


def cached_row(answer: ChatResponse, facts: Mapping[str, Any], seconds: float) -> UsageData:
    saved = answer.cost.saved if answer.cost else None
    more = {"outcome": "cached", "cached": True, "saved_cost": saved, "duration_s": seconds, "first_token_s": seconds}
    return UsageData.of(answer.usage, answer.cost, **{**facts, **more})


def ended_row(
    stream: Stream, answer: ChatResponse, last: Attempt, facts: Mapping[str, Any], after_first: float
) -> UsageData:
    outcome: Outcome = "answered" if stream.complete else "interrupted" if stream.error else "cancelled"
    more = {
        "outcome": outcome,
        "attempt": last.number,
        "request_id": last.request_id,
        "error": None if stream.complete else answer.error,
        "duration_s": last.seconds + after_first,
        "first_token_s": last.seconds,
    }
    free = facts["operation"] in FREE and answer.usage is None
    return UsageData.of(answer.usage, NOTHING if free else answer.cost, **{**facts, **more})
