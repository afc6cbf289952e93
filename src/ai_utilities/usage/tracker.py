"""The tracker: hears of every request, keeps the sum, and tells whoever listens."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from .data import UsageData
from .ledger import Ledger, MemoryLedger
from .open_rows import OpenRow
from .totals import Totals

Listener = Callable[[UsageData], None]


class UsageTracker:
    """Give it to a client, or tell it yourself. With a ledger, what it hears is kept there too.

    Subclass it and override `track_request` to do something else with what happens.
    """

    def __init__(self, ledger: Ledger | None = None) -> None:
        self.ledger = ledger
        self._lock = threading.Lock()
        self._total = Totals()
        self._by_model: dict[str, Totals] = {}
        self._listeners: list[Listener] = []

    @property
    def blocking(self) -> bool:
        """Whether what is heard goes into a file or to a server."""
        return self.ledger is not None and self.ledger.blocking

    def track_request(self, usage: UsageData) -> None:
        """One request has been made, or answered from a cache."""
        self.add([usage])

    def add(self, rows: Sequence[UsageData]) -> None:
        """The same for several, so that a tracker may stand where a ledger does: `UsageLayer(tracker)`."""
        if self.ledger is not None:
            self.ledger.add(rows)  # what could not be kept is not counted, for it will be told again
        with self._lock:
            for usage in rows:
                self._total = self._total.plus(usage)
                model = usage.model or ""
                self._by_model[model] = self._by_model.get(model, Totals()).plus(usage)
        for listener in tuple(self._listeners):
            for usage in rows:
                listener(usage)

    def open(self, rows: Sequence[UsageData], expires: float) -> None:
        """Requests are about to leave: the ledger keeps their rows, and this tracker counts them once they are over."""
        if self.ledger is not None:
            self.ledger.open(rows, expires)

    def open_rows(self) -> list[OpenRow]:
        """Requests in the ledger without a known end; empty without a ledger."""
        return [] if self.ledger is None else self.ledger.open_rows()

    def close_abandoned(self) -> list[UsageData]:
        """Closes the open rows of processes that ended, as `Ledger.close_abandoned` does."""
        return [] if self.ledger is None else self.ledger.close_abandoned()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """`listener` hears of every request from now on; call what is returned to end that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @property
    def total(self) -> Totals:
        """Everything heard so far by this tracker."""
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
        """Begins again at nothing; what is in the ledger stays."""
        with self._lock:
            self._total, self._by_model = Totals(), {}


def create_usage_tracker(ledger: Ledger | None = None) -> UsageTracker:
    """A tracker; without a ledger, its rows are kept in memory."""
    return UsageTracker(MemoryLedger() if ledger is None else ledger)
