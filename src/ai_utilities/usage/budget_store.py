"""Where budgets are counted: what is reserved is counted as spent until it is settled."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from decimal import Decimal
from typing import ClassVar

from .budget import BudgetWindow, to_nanodollars
from .reservation import Reservation

Refused = tuple[int, int]
"""Which of the accounts has too little left, and what is spent of it."""


class BudgetStore(ABC):
    """A store of one's own needs `reserve`, `settle` and `spent`.

    With `open`, `finish`, `reservations` and `close_abandoned`, what a killed process had reserved is known: it stays
    counted until it is closed.
    """

    blocking: ClassVar[bool] = True

    @abstractmethod
    def reserve(self, accounts: Sequence[BudgetWindow], amount: int) -> Refused | None:
        """Counts the amount on all accounts, or on none if one has too little left: then it says which."""

    @abstractmethod
    def settle(self, accounts: Sequence[BudgetWindow], difference: int) -> None:
        """Corrects what was reserved to what was spent."""

    @abstractmethod
    def spent(self, account: BudgetWindow) -> int:
        """What is spent or reserved."""

    def open(self, reservation: Reservation) -> Refused | None:
        """Counts a reservation like `reserve`, and keeps whose it is."""
        return self.reserve(reservation.accounts, reservation.amount)

    def finish(self, reservation: Reservation, spent: int) -> None:
        """Ends a reservation: what was really spent is counted instead."""
        self.settle(reservation.accounts, spent - reservation.amount)

    def reservations(self) -> list[Reservation]:
        """Those that are not finished: of running calls, and of processes that ended."""
        return []

    def close_abandoned(self, spent: Decimal | int = 0) -> list[Reservation]:
        """Closes the reservations of processes that ended.

        Args:
            spent: What each of them is to count as, in dollars.

        Returns:
            The reservations that were closed.
        """
        closed = [one for one in self.reservations() if one.abandoned]
        for one in closed:
            self.finish(one, to_nanodollars(Decimal(spent)))
        return closed

    def close(self) -> None:  # noqa: B027  # a memory holds nothing open
        """Lets go of files and connections."""


class MemoryBudgets(BudgetStore):
    """For one process."""

    blocking: ClassVar[bool] = False

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spent: dict[str, int] = {}
        self._open: dict[str, Reservation] = {}
        self._expires: dict[str, float] = {}

    def reserve(self, accounts: Sequence[BudgetWindow], amount: int) -> Refused | None:
        with self._lock:
            for number, account in enumerate(accounts):
                spent = self._spent.get(account.name, 0)
                if spent + amount > account.limit:
                    return number, spent
            for account in accounts:
                self._add(account, amount)
        return None

    def settle(self, accounts: Sequence[BudgetWindow], difference: int) -> None:
        with self._lock:
            for account in accounts:
                self._add(account, difference)

    def spent(self, account: BudgetWindow) -> int:
        return self._spent.get(account.name, 0)

    def open(self, reservation: Reservation) -> Refused | None:
        refused = self.reserve(reservation.accounts, reservation.amount)
        if refused is None:
            self._open[reservation.key] = reservation
        return refused

    def finish(self, reservation: Reservation, spent: int) -> None:
        known = self._open.pop(reservation.key, None) is not None
        self.settle(reservation.accounts, spent - reservation.amount if known else spent)

    def reservations(self) -> list[Reservation]:
        return list(self._open.values())

    def _add(self, account: BudgetWindow, amount: int) -> None:
        if account.name not in self._spent:
            self._drop_expired()
            if account.expires is not None:
                self._expires[account.name] = account.expires
        self._spent[account.name] = self._spent.get(account.name, 0) + amount

    def _drop_expired(self) -> None:
        """Windows that are long over."""
        now = time.time()
        for name in [name for name, at in self._expires.items() if at < now]:
            del self._expires[name], self._spent[name]
