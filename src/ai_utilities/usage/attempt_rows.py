"""The ledger rows of one call: opened before each request is sent, settled when its outcome is known."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Protocol
from weakref import WeakSet

from dhenara.ai import Stream
from dhenara.ai.errors import CallError
from dhenara.ai.integration import call_texts, stored_error_text, without_contents
from dhenara.ai.types import Attempt, Call, ChatResponse, Cost

from ..config.secrets import redact
from ..storage.store_io import AFTERWARDS, StoreIO, call_seconds_left, call_store_shielded, within
from .data import ROW, AnswerCounter, Facts, Outcome, RowFields, UsageData, checked_row, row_fields, tags_now
from .estimates import FREE_COST, MANAGEMENT_OPERATIONS, REFUSED_COST, unsent
from .open_rows import expiry


class RowWriter(Protocol):
    """The methods of the usage layer that write rows."""

    @property
    def ledger(self) -> object: ...

    @property
    def tags(self) -> Mapping[str, str]: ...

    @property
    def opens_rows(self) -> bool: ...

    @property
    def answer_counter(self) -> AnswerCounter | None: ...

    def open(self, row: UsageData, expires: float) -> None: ...

    def write(self, rows: list[UsageData]) -> None: ...

    def write_later(self, fields: Facts) -> bool: ...


def stored_text(error: BaseException, call: Call) -> str:
    """The text of an error for ledgers, spans and logs.

    Args:
        error: The error.
        call: The call whose contents must not be repeated.

    Returns:
        The class of the error, its status and code if it has them, and its message: shortened, and without secrets
        and quotations of the call.
    """
    return redact(stored_error_text(error, call))


def attempt_text(attempt: Attempt, call: Call) -> str | None:
    """Like `stored_text`, for the error of an attempt; None if it has none."""
    if attempt.error is None:
        return None
    kind, colon, text = attempt.error.partition(": ")
    status = f" [HTTP {attempt.status}]" if attempt.status else ""
    return f"{kind}{colon}{redact_contents(text, call)}{status}"


def redact_contents(text: str, call: Call) -> str:
    """A text without secrets and without quotations of the call."""
    return redact(without_contents(text, call_texts(call)))


def route_tags(call: Call) -> dict[str, str]:
    """The tags by which rows name the route of a call, the deployment that got it, and `hedge` or `shadow`."""
    if call.deployment is None:
        return {}
    tags = {"route": str(call.route), "deployment": call.deployment}
    return tags if call.purpose == "answer" else {**tags, "purpose": call.purpose}


LONGEST_WAIT = 10.0
"""Maximum seconds to wait for a ledger before a request or after an answer; before it, at most half of the call's
remaining time."""

IN_FLIGHT: WeakSet[AttemptRows] = WeakSet()
"""Running calls of this process whose rows somebody needs."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=IN_FLIGHT.clear)  # they belong to the parent process


class AttemptRows:
    """The rows of one call.

    The row of an attempt has the id under which it was opened, when the journal had as many attempts as before it.

    Args:
        usage: The layer that writes the rows.
        io: The IO of the call.
        call: The call.
        target: The fields that the rows of all calls of the endpoint have in common.
    """

    def __init__(self, usage: RowWriter, io: StoreIO, call: Call, target: Facts) -> None:
        self._usage = usage
        self._io = io
        self._call = call
        self._target = target
        self._tags = tags_now(call)
        self._began = io.time()
        self._facts: Facts | None = None
        self._ids: dict[int, str | None] = {}
        self._retired: list[str | None] = []
        self._written = len(call.journal.attempts)
        self._lock = threading.Lock()
        self._over = False
        self._given_up = False
        self._counter = usage.answer_counter
        if self._counter is None:
            IN_FLIGHT.add(self)
        call.journal.before_send.append(self.open)

    @property
    def facts(self) -> Facts:
        """The fields that all rows of the call have in common. An answer that is only counted needs none."""
        if self._facts is None:
            facts = {**self._target, "started_at": datetime.fromtimestamp(self._began, UTC)}
            if self._call.operation != "chat":
                facts["operation"] = self._call.operation
            if tags := {**route_tags(self._call), **self._usage.tags, **self._tags}:
                facts["tags"] = tags
            self._facts = facts
        return self._facts

    async def open(self) -> None:
        """Called before a request is sent: settles earlier rows and opens a new one."""
        index = len(self._call.journal.attempts)
        if index > self._written:
            await self._write(self._failed_rows(index))
        if index in self._ids:
            self._retired.append(self._ids.pop(index))  # an earlier request of this attempt, with a row of its own
        self._ids[index] = key = new_id() if self._counter is None else None
        if self._counter is not None or not self._usage.opens_rows:
            return
        opened = row(self.facts, "open", index + 1, row_id=key)
        left = self._left()
        limit = LONGEST_WAIT if left is None else min(LONGEST_WAIT, left / 2)
        await call_store_shielded(self._io, self._usage.ledger, within(limit, self._open_row), opened, expiry(left))

    def _open_row(self, opened: UsageData, expires: float) -> None:
        """Shares its lock with settling, since the row of a cancelled call could otherwise be opened after its end."""
        with self._lock:
            if not self._over:
                self._usage.open(opened, expires)

    async def failed(self, error: BaseException) -> None:
        """Settles the rows after an error."""
        self._end()
        attempts = len(self._call.journal.attempts)
        rows = self._failed_rows(attempts)
        if not isinstance(error, Exception) and attempts in self._ids:  # cancelled while a request was being sent
            key = self._ids.pop(attempts)
            seconds = self._seconds()
            rows.append(row(self.facts, "cancelled", len(rows) + 1, row_id=key, duration_s=seconds))
        # The error is not an answer of the provider: the request was not sent, or an inner layer failed.
        free = None if isinstance(error, CallError) else REFUSED_COST
        text = stored_text(error, self._call)
        rows += [row(self.facts, "failed", 1, free, row_id=key, error=text) for key in self._left_open()]
        await self._write(rows, last=True)

    async def ended(self, stream: Stream) -> None:
        """Settles the rows after an answer, complete or not."""
        answer = stream.partial()
        if answer.cached:
            if not self._count(answer, "cached"):
                await self._write([cached_row(answer, self.facts, self._seconds())], last=True)
            return
        attempts = self._call.journal.attempts
        index = len(attempts) - 1
        last = attempts[index] if index >= self._written else Attempt(number=1, outcome="answered")
        rows = self._failed_rows(index) if index > self._written else []
        key = self._ids.pop(index if index in self._ids else index + 1, None)
        unsettled = [row(self.facts, "interrupted", 1, row_id=key) for key in self._left_open()]
        if not (stream.complete and self._count(answer, "answered")):
            fields = self._answer_fields(stream, answer, last, key)
            if rows or unsettled or self._given_up or not self._usage.write_later(fields):
                rows.append(ROW.make(fields))
            else:
                self._over = True
        rows += unsettled
        if rows or self._counter is None:
            await self._write(rows, last=True)

    def _answer_fields(self, stream: Stream, answer: ChatResponse, last: Attempt, key: str | None) -> RowFields:
        """The fields of the row of an answer, or of a stream that broke or was closed early."""
        now = self._io.monotonic()
        seconds = last.seconds + now - (self._call.journal.began_at or now)
        facts = {**self.facts, "row_id": key, "duration_s": seconds, "first_token_s": last.seconds}
        if last.request_id is not None:
            facts["request_id"] = last.request_id
        if last.number > 1:
            facts["attempt"] = last.number
        if stream.error is not None:
            facts.update(outcome="interrupted", error=stored_text(stream.error, self._call))
        elif not stream.complete:
            facts["outcome"] = "cancelled"
        return row_fields(answer.usage, cost_of(answer, self._call.operation), facts)

    def _count(self, answer: ChatResponse, outcome: Outcome) -> bool:
        """Counts an answer of which nobody needs the row; False if it needs one."""
        if self._counter is None or answer.usage.units:
            return False
        return self._counter(self._target["model"], answer.usage, cost_of(answer, self._call.operation), outcome)

    def _seconds(self) -> float:
        """How long the call has taken."""
        return self._io.monotonic() - self._call.journal.started_at

    def _end(self) -> None:
        """Ends the opening of rows. Requests to a fallback endpoint have rows of another instance."""
        steps = self._call.journal.before_send
        if self.open in steps:
            steps.remove(self.open)

    answered = _end

    def _failed_rows(self, until: int) -> list[UsageData]:
        """Rows of attempts up to this one, recorded since the last call."""
        if until <= self._written:
            return []
        attempts = self._call.journal.attempts
        rows = [
            failed_row(attempts[index], {**self.facts, "row_id": self._ids.pop(index, None)}, self._call)
            for index in range(self._written, until)
        ]
        self._written = until
        return rows

    def _left_open(self) -> list[str | None]:
        """Ids of open rows that belong to no recorded attempt."""
        return [*self._ids.values(), *self._retired]

    def _left(self) -> float | None:
        return call_seconds_left(self._io, self._call)

    async def _write(self, rows: list[UsageData], *, last: bool = False) -> None:
        if last and not rows:
            if self._counter is None:
                IN_FLIGHT.discard(self)
        elif rows:
            write = self._write_last if last else self._write_rows
            if not getattr(self._usage.ledger, "blocking", True):
                write(rows)
                return
            left = self._left()
            write = within(LONGEST_WAIT if left is None else max(left, AFTERWARDS), write)
            await call_store_shielded(self._io, self._usage.ledger, write, rows)

    def _write_rows(self, rows: list[UsageData]) -> None:
        with self._lock:
            if not self._given_up:
                self._usage.write(rows)

    def _write_last(self, rows: list[UsageData]) -> None:
        with self._lock:
            self._over = True
        IN_FLIGHT.discard(self)
        self._write_rows(rows)

    def give_up(self) -> None:
        """Settles all open rows at exit of the process."""
        rows = [row(self.facts, "cancelled", 1, row_id=key) for key in self._left_open()]
        if rows:
            within(AFTERWARDS, self._write_last)(rows)
            self._given_up = True


def new_id() -> str:
    """A new id of 32 digits. Ids sort by time, so that every store returns the rows of a call in order."""
    return f"{time.time_ns():016x}{os.urandom(8).hex()}"


def row(facts: Facts, outcome: Outcome, attempt: int, cost: Cost | None = None, **more: object) -> UsageData:
    """A row without usage."""
    return checked_row(None, cost, {**facts, "outcome": outcome, "attempt": attempt, **more})


def failed_row(attempt: Attempt, facts: Facts, call: Call) -> UsageData:
    """Rejected requests are not charged; for requests without an answer the cost is unknown."""
    refused = attempt.status is not None and attempt.status >= 400
    return row(
        facts,
        "interrupted" if is_interrupted(attempt) else "failed",
        attempt.number,
        REFUSED_COST if refused or unsent(attempt) else None,
        error=attempt_text(attempt, call),
        request_id=attempt.request_id,
        duration_s=attempt.seconds,
    )


def is_interrupted(attempt: Attempt) -> bool:
    """Whether the answer had begun when its connection ended."""
    text = attempt.error or ""
    begun = attempt.status is not None and attempt.status < 300
    return text.startswith("BrokenStreamError") or (begun and text.startswith("ConnectionFailedError"))


def cached_row(answer: ChatResponse, facts: Facts, seconds: float) -> UsageData:
    """The row of an answer from a cache."""
    saved = answer.cost.saved
    more = {"outcome": "cached", "cached": True, "saved_cost": saved, "duration_s": seconds, "first_token_s": seconds}
    return checked_row(answer.usage, answer.cost, {**facts, **more})


def cost_of(answer: ChatResponse, operation: str) -> Cost:
    """The cost of an answer; managing files and batches is free."""
    free = operation in MANAGEMENT_OPERATIONS and not answer.usage
    return FREE_COST if free else answer.cost
