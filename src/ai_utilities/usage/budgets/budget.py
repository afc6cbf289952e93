"""Budgets, reservations, the interface of budget stores, and the store in memory."""

from __future__ import annotations

import threading
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Any, ClassVar, Literal

from pydantic_core import from_json, to_json

from dhenara.ai.errors import ConfigurationError, DhenaraError

from ...storage.errors import StoreDamagedError
from ...storage.process import Owner, this_process
from ..open_rows import expiry

Window = Literal["hour", "day", "month", "total"]
WINDOWS = {"hour": "%Y-%m-%dT%H", "day": "%Y-%m-%d", "month": "%Y-%m", "total": "total"}
LENGTHS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "month": timedelta(days=31)}
NANO = Decimal(10) ** 9
"""Amounts are whole billionths of a dollar, so that every store adds them exactly."""


@dataclass(frozen=True, slots=True)
class Budget:
    """A maximum cost of calls in a time window.

    Args:
        limit: US dollars per window.
        window: `hour`, `day`, `month` (each in UTC) or `total`.
        tags: The budget applies to calls with these tags; without tags, to all calls.
        per: A tag name; each value of that tag has its own budget.
        unknown: What to do if the worst-case cost of a call is unknown because its price or its answer length is:
            `refuse` raises an error, `allow` sends it while any budget is left, and counts the final cost.
    """

    limit: Decimal | float | str
    window: Window = "day"
    tags: Mapping[str, str] = field(default_factory=dict)
    per: str | None = None
    unknown: Literal["refuse", "allow"] = "refuse"
    name: str = ""

    def __post_init__(self) -> None:
        if self.window not in WINDOWS:
            raise ConfigurationError(f"window of a budget must be one of {', '.join(WINDOWS)}, not {self.window!r}")
        if self.amount < 0:
            raise ConfigurationError(f"a budget's limit is a sum of money, not {self.limit!r}")

    @property
    def amount(self) -> Decimal:
        return Decimal(str(self.limit))

    def applies_to(self, tags: Mapping[str, str]) -> bool:
        return all(tags.get(name) == value for name, value in self.tags.items())

    def window_at(self, tags: Mapping[str, str], now: float) -> BudgetWindow:
        """The accounts on which a call with these tags is counted now."""
        at = datetime.fromtimestamp(now, UTC)
        whose = ",".join(f"{name}={value}" for name, value in sorted(self.tags.items()))
        own = f"{self.per}={tags.get(self.per, '')}" if self.per else ""
        length = LENGTHS.get(self.window)
        return BudgetWindow(
            name="|".join((self.name or "budget", whose, own, self.window, at.strftime(WINDOWS[self.window]))),
            limit=to_nanodollars(self.amount),
            expires=None if length is None else (at + 2 * length).timestamp(),
        )


@dataclass(frozen=True, slots=True)
class BudgetWindow:
    """One budget in one window. `expires` is when the account is no longer needed, in Unix seconds."""

    name: str
    limit: int
    expires: float | None


class BudgetExceededError(DhenaraError):
    """The call could exceed a budget; it was not sent."""

    def __init__(self, message: str, *, budget: str, limit: Decimal, spent: Decimal, needed: Decimal) -> None:
        super().__init__(message)
        self.budget = budget
        self.limit = limit
        self.spent = spent
        self.needed = needed

    def __reduce__(self) -> tuple[Any, ...]:
        return (restore_error, (str(self), self.budget, self.limit, self.spent, self.needed))


def restore_error(message: str, budget: str, limit: Decimal, spent: Decimal, needed: Decimal) -> BudgetExceededError:
    return BudgetExceededError(message, budget=budget, limit=limit, spent=spent, needed=needed)


class UnknownCostError(ConfigurationError):
    """The worst-case cost of the call is unknown, so a budget cannot be enforced."""


def to_nanodollars(amount: Decimal) -> int:
    """Billionths of a dollar, rounded up."""
    return int((amount * NANO).to_integral_value(ROUND_CEILING))


def to_dollars(amount: int) -> Decimal:
    return Decimal(amount) / NANO


@dataclass(frozen=True, slots=True)
class Reservation:
    """An amount, in billionths of a dollar, that is counted on some accounts.

    Attributes:
        key: Its id.
        accounts: The budgets, each in one window.
        amount: The most that the call can cost.
        owner: The process that made it.
        at: When it was made, in seconds since 1970.
        expires: Until when a process of another machine is believed to be running.
    """

    key: str
    accounts: tuple[BudgetWindow, ...]
    amount: int
    owner: Owner
    at: float
    expires: float

    @property
    def abandoned(self) -> bool:
        """Whether its process has ended."""
        ended = self.owner.has_ended()
        return time.time() > self.expires if ended is None else ended

    @property
    def cost(self) -> Decimal:
        """The amount in dollars."""
        return to_dollars(self.amount)

    def to_text(self) -> str:
        accounts = [[one.name, one.limit, one.expires] for one in self.accounts]
        return to_json([accounts, self.amount, self.owner.to_text(), self.at, self.expires]).decode()

    @classmethod
    def from_text(cls, key: str, text: str) -> Reservation:
        """Reads a stored reservation.

        Raises:
            StoreDamagedError: If it is damaged.
        """
        try:
            accounts, amount, owner, at, expires = from_json(text)
            return cls(key, tuple(BudgetWindow(*one) for one in accounts), amount, Owner.from_text(owner), at, expires)
        except (ValueError, TypeError) as error:
            raise StoreDamagedError(f"the reservation {key!r} of a budget is damaged ({error}).") from error


def make_reservation(accounts: Sequence[BudgetWindow], amount: int, left: float | None) -> Reservation:
    """For a call that has so many seconds left."""
    return Reservation(uuid.uuid4().hex, tuple(accounts), amount, this_process(), time.time(), expiry(left))


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
