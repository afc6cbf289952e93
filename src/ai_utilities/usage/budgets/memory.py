"""Budgets in memory, for one process."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import ClassVar

from .budget import BudgetStore, BudgetWindow, Refused, Reservation


class MemoryBudgets(BudgetStore):
    """Budgets in memory, for one process."""

    blocking: ClassVar[bool] = False

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spent: dict[str, int] = {}
        self._open: dict[str, Reservation] = {}
        self._expires: dict[str, float] = {}

    def reserve(self, windows: Sequence[BudgetWindow], amount: int) -> Refused | None:
        with self._lock:
            for number, window in enumerate(windows):
                spent = self._spent.get(window.name, 0)
                if spent + amount > window.limit:
                    return number, spent
            for window in windows:
                self._add(window, amount)
        return None

    def settle(self, windows: Sequence[BudgetWindow], difference: int) -> None:
        with self._lock:
            for window in windows:
                self._add(window, difference)

    def spent(self, window: BudgetWindow) -> int:
        return self._spent.get(window.name, 0)

    def open(self, reservation: Reservation) -> Refused | None:
        refused = self.reserve(reservation.windows, reservation.amount)
        if refused is None:
            self._open[reservation.key] = reservation
        return refused

    def finish(self, reservation: Reservation, spent: int) -> None:
        known = self._open.pop(reservation.key, None) is not None
        self.settle(reservation.windows, spent - reservation.amount if known else spent)

    def reservations(self) -> list[Reservation]:
        return list(self._open.values())

    def _add(self, window: BudgetWindow, amount: int) -> None:
        if window.name not in self._spent:
            self._drop_expired()
            if window.expires is not None:
                self._expires[window.name] = window.expires
        self._spent[window.name] = self._spent.get(window.name, 0) + amount

    def _drop_expired(self) -> None:
        """Deletes windows that ended long ago."""
        now = time.time()
        for name in [name for name, at in self._expires.items() if at < now]:
            del self._expires[name], self._spent[name]
