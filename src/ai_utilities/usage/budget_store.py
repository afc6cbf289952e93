"""The interface of budget stores. A reserved amount counts as spent until it is settled."""

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
"""The account that would be exceeded, and its amount spent."""


class BudgetStore(ABC):
    """Base class of budget stores. A custom store needs `reserve`, `settle` and `spent`.

    With `open`, `finish`, `reservations` and `close_abandoned`, reservations of killed processes can be listed and
    closed; until then they count as spent.
    """

    blocking: ClassVar[bool] = True

    @abstractmethod
    def reserve(self, accounts: Sequence[BudgetWindow], amount: int) -> Refused | None:
        """Adds the amount to all accounts, or to none if one would be exceeded; returns that one."""

    @abstractmethod
    def settle(self, accounts: Sequence[BudgetWindow], difference: int) -> None:
        """Replaces a reserved amount by the real one."""

    @abstractmethod
    def spent(self, account: BudgetWindow) -> int:
        """The amount spent or reserved."""

    def open(self, reservation: Reservation) -> Refused | None:
        """Like `reserve`, and records the owner of the reservation."""
        return self.reserve(reservation.accounts, reservation.amount)

    def finish(self, reservation: Reservation, spent: int) -> None:
        """Ends a reservation and counts the real amount instead."""
        self.settle(reservation.accounts, spent - reservation.amount)

    def reservations(self) -> list[Reservation]:
        """Reservations that are not finished: of running calls and of ended processes."""
        return []

    def close_abandoned(self, spent: Decimal | int = 0) -> list[Reservation]:
        """Closes the reservations of ended processes.

        Args:
            spent: The amount to count for each, in US dollars.

        Returns:
            The closed reservations.
        """
        closed = [one for one in self.reservations() if one.abandoned]
        for one in closed:
            self.finish(one, to_nanodollars(Decimal(spent)))
        return closed

    def close(self) -> None:  # noqa: B027  # a memory holds nothing open
        """Closes files and connections."""


class MemoryBudgets(BudgetStore):
    """Budgets in memory, for one process."""

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
        """Windows that ended long ago."""
        now = time.time()
        for name in [name for name, at in self._expires.items() if at < now]:
            del self._expires[name], self._spent[name]
