"""Usage trackers: count the usage of every request and notify listeners."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from .data import UsageData
from .ledger import Ledger, MemoryLedger
from .open_rows import OpenRow
from .totals import Totals

Listener = Callable[[UsageData], None]


class UsageTracker:
    """Counts usage. Pass it to a client, or report rows to it yourself. With a ledger, rows are stored there too.

    Override `track_request` in a subclass to process rows in another way.
    """

    def __init__(self, ledger: Ledger | None = None) -> None:
        self.ledger = ledger
        self._lock = threading.Lock()
        self._total = Totals()
        self._by_model: dict[str, Totals] = {}
        self._listeners: list[Listener] = []

    @property
    def blocking(self) -> bool:
        """Whether rows go to a file or a server."""
        return self.ledger is not None and self.ledger.blocking

    def track_request(self, usage: UsageData) -> None:
        """Records one request, or one cached answer."""
        self.add([usage])

    def add(self, rows: Sequence[UsageData]) -> None:
        """Records several rows, as a ledger does: `UsageLayer(tracker)`."""
        if self.ledger is not None:
            self.ledger.add(rows)  # rows that could not be stored are not counted, because they will be reported again
        with self._lock:
            for usage in rows:
                self._total = self._total.plus(usage)
                model = usage.model or ""
                self._by_model[model] = self._by_model.get(model, Totals()).plus(usage)
        for listener in tuple(self._listeners):
            for usage in rows:
                listener(usage)

    def open(self, rows: Sequence[UsageData], expires: float) -> None:
        """Opens rows in the ledger; this tracker counts them when they are settled."""
        if self.ledger is not None:
            self.ledger.open(rows, expires)

    def open_rows(self) -> list[OpenRow]:
        """Requests in the ledger that are not finished; empty without a ledger."""
        return [] if self.ledger is None else self.ledger.open_rows()

    def close_abandoned(self) -> list[UsageData]:
        """Closes the open rows of ended processes, as `Ledger.close_abandoned` does."""
        return [] if self.ledger is None else self.ledger.close_abandoned()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Registers a listener for every request. Call the returned function to remove it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @property
    def total(self) -> Totals:
        """The totals of this tracker."""
        with self._lock:
            return self._total

    def by_model(self) -> dict[str, Totals]:
        with self._lock:
            return dict(self._by_model)

    def close(self) -> None:
        """Closes the ledger."""
        if self.ledger is not None:
            self.ledger.close()

    def reset(self) -> None:
        """Resets the totals; the ledger is not changed."""
        with self._lock:
            self._total, self._by_model = Totals(), {}


def create_usage_tracker(ledger: Ledger | None = None) -> UsageTracker:
    """A tracker; without a ledger, rows are stored in memory."""
    return UsageTracker(MemoryLedger() if ledger is None else ledger)
