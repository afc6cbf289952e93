"""The interface of ledgers, the ledger in memory, and the tracker that writes into any ledger."""

from __future__ import annotations

import logging
import sys
import threading
from abc import ABC, abstractmethod
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import ClassVar

from dhenara.ai.errors import ConfigurationError
from dhenara.ai.integration import require_type
from dhenara.ai.lazy_package import HintedNames
from dhenara.ai.types import Cost, Usage

from ..storage.store_io import Owner, this_process
from .data import BATCH, AnswerCounter, Facts, Listener, Outcome, UsageData, matches
from .open_rows import OpenRow, closed_row, make_open, start_time
from .totals import Group, RunningTotals, TimeZone, Totals, check_grouping, read_zone, sum_rows

log = logging.getLogger("ai_utilities.usage")


class Ledger(ABC):
    """Base class of ledgers, which store the rows of usage for good.

    A custom ledger needs `add` and `rows`. With `open`, `open_rows` and `close_abandoned`, rows are opened before their
    requests, so that those of killed processes are not lost. Everywhere, `since` is inclusive and `until` exclusive.
    """

    blocking: ClassVar[bool] = True
    """Whether methods may wait for a file or a server. If not, async programs need no thread for them."""

    @abstractmethod
    def add(self, rows: Sequence[UsageData]) -> None:
        """Stores all of these rows, or none.

        Args:
            rows: Settled rows. Each replaces the open row with the same `row_id`.

        Raises:
            PartialWriteError: If only some were stored.
            StoreError: If the ledger cannot be used; the rows are written again later.
        """

    def add_later(self, fields: Facts) -> bool:
        """Leaves a row to be added a moment later; False if it has to be added now.

        Args:
            fields: The fields of a settled row, whose open row is stored; the others have their defaults.
        """
        return False

    def open(self, rows: Sequence[UsageData], expires: float) -> None:  # noqa: B027  # ledgers may do without
        """Stores rows of requests that will be sent.

        Args:
            rows: Rows with the outcome `open` and a `row_id`.
            expires: From when on their process counts as ended for other machines, in Unix seconds.
        """

    def open_rows(self) -> list[OpenRow]:
        """The rows that are not settled: of running calls, and of processes that have ended."""
        return []

    def close_abandoned(self) -> list[UsageData]:
        """Closes the open rows of ended processes, and returns them. They become `interrupted`, with unknown cost."""
        return []

    @abstractmethod
    def rows(
        self, since: datetime | None = None, until: datetime | None = None, tags: Mapping[str, str] | None = None
    ) -> Iterable[UsageData]:
        """Returns the rows of a time, the oldest first.

        Args:
            since: The first moment; None for all.
            until: The moment after the last one; None for all.
            tags: Only rows with these tags.
        """

    def totals(
        self,
        by: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        tags: Mapping[str, str] | None = None,
        *,
        time_zone: TimeZone = UTC,
    ) -> dict[str, Totals]:
        """Sums rows by one value.

        Args:
            by: `day`, `month`, `model`, `provider`, `operation`, `key`, `team`, `unit`, `outcome` or `tag:<name>`;
                None for one total under "".
            since: The first moment.
            until: The moment after the last one.
            tags: Only rows with these tags.
            time_zone: The time zone of days and months, such as `Europe/Berlin`.

        Raises:
            ConfigurationError: If `by` is none of these, or there is no such time zone.
        """
        sums = self.totals_by(*(() if by is None else (by,)), since=since, until=until, tags=tags, time_zone=time_zone)
        return {"".join(group): total for group, total in sums.items()}

    def totals_by(
        self,
        *by: str,
        since: datetime | None = None,
        until: datetime | None = None,
        tags: Mapping[str, str] | None = None,
        time_zone: TimeZone = UTC,
    ) -> dict[Group, Totals]:
        """Sums rows by several values at once, such as `totals_by("month", "team", "model")`.

        Every row is in exactly one group, so the groups add up to `total`.

        Args:
            *by: Groupings, as for `totals`.
            since: The first moment.
            until: The moment after the last one.
            tags: Only rows with these tags.
            time_zone: The time zone of days and months, such as `Europe/Berlin`.

        Returns:
            Totals by the values of the groupings, in their order. A value is empty for rows without one.

        Raises:
            ConfigurationError: If a grouping or the time zone does not exist.
        """
        return sum_rows(self.rows(since, until, tags), [check_grouping(name) for name in by], read_zone(time_zone))

    def total(
        self, since: datetime | None = None, until: datetime | None = None, tags: Mapping[str, str] | None = None
    ) -> Totals:
        """Returns the total of all rows of a time.

        Args:
            since: The first moment; None for all.
            until: The moment after the last one; None for all.
            tags: Only rows with these tags.
        """
        return self.totals(None, since, until, tags).get("", Totals())

    def tag_names(self, since: datetime | None = None, until: datetime | None = None) -> list[str]:
        """Returns the names of all tags of rows of a time.

        Args:
            since: The first moment; None for all.
            until: The moment after the last one; None for all.
        """
        return sorted({name for row in self.rows(since, until) for name in row.tags})

    def close(self) -> None:  # noqa: B027  # a ledger in memory has nothing to close
        """Closes files and connections."""


class MemoryLedger(Ledger):
    """The latest rows in memory, for scripts and tests.

    Args:
        max_rows: The number of rows, at least 1, after which the oldest are dropped.

    Raises:
        ConfigurationError: If `max_rows` is wrong.
    """

    blocking: ClassVar[bool] = False

    def __init__(self, max_rows: int = 50_000) -> None:
        require_type("MemoryLedger", "max_rows", max_rows, int, "a number of rows")
        if max_rows < 1 or max_rows > sys.maxsize:
            raise ConfigurationError(f"MemoryLedger(max_rows=...) takes a number of at least 1, not {max_rows}.")
        self._rows: deque[str] = deque(maxlen=max_rows)
        self._open: dict[str, tuple[UsageData, Owner, float]] = {}
        self._batched: set[str] = set()
        self._full = False
        self._lock = threading.Lock()

    def add(self, rows: Sequence[UsageData]) -> None:
        with self._lock:
            rows = [row for row in rows if row.operation != BATCH or row.row_id not in self._batched]
            self._batched.update(row.row_id for row in rows if row.operation == BATCH and row.row_id)
            texts = [row.model_dump_json(exclude_defaults=True) for row in rows]  # a fifth of the memory of rows
            was_full, self._full = self._full, len(self._rows) + len(texts) > (self._rows.maxlen or 0)
            self._rows.extend(texts)
            for row in rows:
                self._open.pop(row.row_id or "", None)
        if self._full and not was_full:
            log.warning("the usage ledger in memory is full at %d rows; the oldest rows are dropped", self._rows.maxlen)

    def rows(
        self, since: datetime | None = None, until: datetime | None = None, tags: Mapping[str, str] | None = None
    ) -> list[UsageData]:
        with self._lock:
            stored, waiting = list(self._rows), list(self._open.values())
        rows = [*map(UsageData.model_validate_json, stored), *(make_open(*one).row for one in waiting)]
        return sorted((row for row in rows if matches(row, since, until, tags)), key=start_time)

    def open(self, rows: Sequence[UsageData], expires: float) -> None:
        with self._lock:
            self._open.update({row.row_id or "": (row, this_process(), expires) for row in rows})

    def open_rows(self) -> list[OpenRow]:
        return [make_open(*stored) for stored in list(self._open.values())]

    def close_abandoned(self) -> list[UsageData]:
        if closed := [closed_row(open_row.row) for open_row in self.open_rows() if open_row.abandoned]:
            self.add(closed)
        return closed


class UsageTracker(HintedNames):
    """Counts usage in memory, and notifies listeners. Pass it to a client, or report rows to it yourself.

    Override `track_request` in a subclass to process rows in another way.

    Args:
        ledger: A ledger in which rows are stored, too.
    """

    def __init__(self, ledger: Ledger | None = None) -> None:
        self.ledger = ledger
        self._lock = threading.Lock()
        self._by_model: defaultdict[str, RunningTotals] = defaultdict(RunningTotals)
        self._listeners: list[Listener] = []

    @property
    def blocking(self) -> bool:
        """Whether rows are written to a file or a server."""
        return self.ledger is not None and self.ledger.blocking

    @property
    def opens_rows(self) -> bool:
        """Whether rows of requests are stored before these are sent, which takes a ledger."""
        return self.ledger is not None or type(self).open is not UsageTracker.open

    def track_request(self, usage: UsageData) -> None:
        """Records one request, or one cached answer.

        Args:
            usage: The row.
        """
        self.add([usage])

    def add(self, rows: Sequence[UsageData]) -> None:
        """Records several rows, as a ledger does.

        Args:
            rows: The rows.

        Raises:
            StoreError: If the ledger cannot be used; the rows are not counted then.
        """
        if self.ledger is not None:  # on an error, rows are not counted: they will be reported again
            self.ledger.add(rows)
        with self._lock:
            for usage in rows:
                self._by_model[usage.model or ""].add(usage)
        for listener in tuple(self._listeners):
            for usage in rows:
                listener(usage)

    def add_later(self, fields: Facts) -> bool:
        """Records a row as `Ledger.add_later` does; False if that cannot be done, or others than the ledger get it.

        Args:
            fields: The fields of the row.
        """
        if self.ledger is None or self._listeners or type(self) is not UsageTracker:
            return False
        if is_left := self.ledger.add_later(fields):
            with self._lock:
                self._by_model[fields.get("model") or ""].add_fields(fields)
        return is_left

    @property
    def answer_counter(self) -> AnswerCounter | None:
        """Counts answers without their rows; None if a ledger, a listener or a subclass gets these."""
        return None if self.ledger is not None or self._listeners or type(self) is not UsageTracker else self._count

    def _count(self, model: str, usage: Usage, cost: Cost, outcome: Outcome) -> bool:
        with self._lock:
            if not self._listeners:  # there may be one since the call began
                self._by_model[model].add_answer(usage, cost, outcome)
            return not self._listeners

    def open(self, rows: Sequence[UsageData], expires: float) -> None:
        """Opens rows in the ledger; this tracker counts them when they are settled.

        Args:
            rows: Rows of requests that will be sent.
            expires: From when on their process counts as ended for other machines, in Unix seconds.
        """
        if self.ledger is not None:
            self.ledger.open(rows, expires)

    def open_rows(self) -> list[OpenRow]:
        """Requests in the ledger that are not finished; empty without a ledger."""
        return [] if self.ledger is None else self.ledger.open_rows()

    def close_abandoned(self) -> list[UsageData]:
        """Closes the open rows of ended processes, as `Ledger.close_abandoned` does."""
        return [] if self.ledger is None else self.ledger.close_abandoned()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Registers a listener.

        Args:
            listener: Called with the row of every request.

        Returns:
            A function that removes it.
        """
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @property
    def total(self) -> Totals:
        """The totals of this tracker."""
        return sum(self.by_model().values(), Totals())

    def by_model(self) -> dict[str, Totals]:
        """The totals of each model."""
        with self._lock:
            return {model: running.totals() for model, running in self._by_model.items()}

    def close(self) -> None:
        """Closes the ledger."""
        if self.ledger is not None:
            self.ledger.close()

    def reset(self) -> None:
        """Resets the totals; the ledger is not changed."""
        with self._lock:
            self._by_model.clear()


def create_usage_tracker(ledger: Ledger | None = None) -> UsageTracker:
    """Creates a tracker.

    Args:
        ledger: Where rows are stored; None stores the latest ones in memory.
    """
    return UsageTracker(MemoryLedger() if ledger is None else ledger)
