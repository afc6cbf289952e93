"""Budgets, reservations, and the interface of budget stores."""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from types import NoneType
from typing import ClassVar, Literal, NamedTuple

from pydantic_core import from_json, to_json

from dhenara.ai.errors import ConfigurationError, DhenaraError
from dhenara.ai.integration import require_type

from ...storage.store_io import Owner, StoreDamagedError, random_id, this_process
from ..amounts import HOUR, WINDOWS, BudgetAlert, Window, is_amount, period_at, read_thresholds
from ..open_rows import expiry

NANO = Decimal(10) ** 9
"""Amounts are whole billionths of a dollar, so that every store adds them exactly."""


@dataclass(frozen=True, slots=True)
class Budget:
    """A maximum cost of calls in a time window.

    Attributes:
        limit: US dollars per window.
        window: `hour`, `day`, `month` (each in UTC) or `total`.
        tags: The budget applies to calls with these tags; without tags, to all calls.
        per: A tag name; each value of that tag has its own budget.
        unknown: What to do if the most that a call can cost is unknown, because its price or the length of its answer
            is: `refuse` raises an error, `allow` sends it while any budget is left, and counts its cost afterwards.
        name: A name for errors and stores; budgets with equal names, tags and windows share what is spent.
        alerts: Parts of the limit that are reported when they are reached by what is spent or reserved, such as
            `[0.5, 0.8, 1.0]`; each once per window, also across processes.
        on_alert: Called with each `BudgetAlert`; may be async. Without it, alerts are only logged. What it raises is
            logged, and does not fail the call.

    Raises:
        ConfigurationError: If the window is none of these, the limit is negative, or an alert is not above 0.
    """

    limit: Decimal | float | str
    window: Window = "day"
    tags: Mapping[str, str] = field(default_factory=dict)
    per: str | None = None
    unknown: Literal["refuse", "allow"] = "refuse"
    name: str = ""
    alerts: Sequence[Decimal | float | str] = ()
    on_alert: Callable[[BudgetAlert], object] | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        require_type("Budget", "tags", self.tags, Mapping, "a mapping of tags")
        require_type("Budget", "per", self.per, (str, NoneType), "the name of a tag, or None")
        require_type("Budget", "name", self.name, str, "a name")
        require_type("Budget", "unknown", self.unknown, str, "'refuse' or 'allow'")
        if self.unknown not in ("refuse", "allow"):
            raise ConfigurationError(f"unknown of a budget must be 'refuse' or 'allow', not {self.unknown!r}")
        require_type("Budget", "window", self.window, str, "the name of a window")
        if self.window not in WINDOWS:
            raise ConfigurationError(f"window of a budget must be one of {', '.join(WINDOWS)}, not {self.window!r}")
        if not is_amount(self.limit):
            raise ConfigurationError(f"the limit of a budget must be an amount of at least 0, not {self.limit!r}")
        object.__setattr__(self, "alerts", read_thresholds(self.alerts))
        if self.on_alert is not None and not callable(self.on_alert):
            raise ConfigurationError(f"on_alert of a budget must be a function, not {type(self.on_alert).__name__}")

    @property
    def thresholds(self) -> tuple[Decimal, ...]:
        """The parts of the limit that are reported, the lowest first."""
        return read_thresholds(self.alerts)

    @property
    def amount(self) -> Decimal:
        """The limit as an exact number."""
        return Decimal(str(self.limit))

    def applies_to(self, tags: Mapping[str, str]) -> bool:
        """Whether calls with these tags count.

        Args:
            tags: The tags of a call.
        """
        return not self.tags or all(tags.get(name) == value for name, value in self.tags.items())

    def window_at(self, tags: Mapping[str, str], now: float) -> BudgetWindow:
        """The window in which a call counts.

        Args:
            tags: The tags of the call.
            now: The time in Unix seconds.
        """
        scope = ",".join([f"{name}={value}" for name, value in sorted(self.tags.items())]) if self.tags else ""
        own = f"{self.per}={tags.get(self.per, '')}" if self.per else ""
        period, expires = period_at(self.window, int(now // HOUR))
        return BudgetWindow(
            name=f"{self.name or 'budget'}|{scope}|{own}|{self.window}|{period}",
            limit=exact_limit(self.limit),
            expires=expires,
        )


def display_name(window: str) -> str:
    """The name of a window for messages, without its empty parts."""
    return " ".join(part for part in window.split("|") if part)


class BudgetWindow(NamedTuple):
    """One budget in one window of time.

    Attributes:
        name: The name under which stores count it.
        limit: The limit in billionths of a dollar.
        expires: From when on stores may delete it, in Unix seconds; None keeps it.
    """

    name: str
    limit: int
    expires: float | None


class BudgetExceededError(DhenaraError):
    """The call could exceed a budget, and was not sent.

    Args:
        message: What failed, as one sentence.

    Attributes:
        budget: The name of the window that would be exceeded.
        limit: Its limit in US dollars.
        spent: What is spent or reserved of it, in US dollars.
        needed: The most that the call can cost, in US dollars.
    """

    def __init__(self, message: str, *, budget: str, limit: Decimal, spent: Decimal, needed: Decimal) -> None:
        super().__init__(message)
        self.budget = budget
        self.limit = limit
        self.spent = spent
        self.needed = needed

    def __reduce__(self) -> tuple[object, ...]:
        return (restore_error, (str(self), self.budget, self.limit, self.spent, self.needed))


def restore_error(message: str, budget: str, limit: Decimal, spent: Decimal, needed: Decimal) -> BudgetExceededError:
    return BudgetExceededError(message, budget=budget, limit=limit, spent=spent, needed=needed)


class UnknownCostError(ConfigurationError):
    """The most that a call can cost is unknown, so a budget cannot be enforced. The call was not sent."""


def to_nanodollars(amount: Decimal) -> int:
    """Billionths of a dollar, rounded up."""
    return math.ceil(amount * NANO)


@lru_cache(64, typed=True)
def exact_limit(limit: Decimal | float | str) -> int:
    return to_nanodollars(Decimal(str(limit)))


def to_dollars(amount: int) -> Decimal:
    """Billionths of a dollar as US dollars."""
    return Decimal(amount) / NANO


@dataclass(frozen=True, slots=True)
class Reservation:
    """An amount that counts as spent in some windows while its call is running.

    It is finished when the cost of the call is known. A reservation whose process was killed is abandoned, and counts
    until it is closed.

    Attributes:
        key: Its id.
        windows: The budgets, each in one window.
        amount: The most that the call can cost, in billionths of a dollar.
        owner: The process that made it.
        at: When it was made, in Unix seconds.
        expires: From when on the process counts as ended for other machines, in Unix seconds.
    """

    key: str
    windows: tuple[BudgetWindow, ...]
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
        """The amount in US dollars."""
        return to_dollars(self.amount)

    def to_text(self) -> str:
        """The form in which stores keep it."""
        windows = [[window.name, window.limit, window.expires] for window in self.windows]
        return to_json([windows, self.amount, self.owner.to_text(), self.at, self.expires]).decode()

    @classmethod
    def from_text(cls, key: str, text: str) -> Reservation:
        """Reads a stored reservation.

        Args:
            key: The key of the reservation.
            text: What the store has for it, as JSON.

        Raises:
            StoreDamagedError: If it is damaged.
        """
        try:
            windows, amount, owner, at, expires = from_json(text)
            return cls(
                key, tuple(BudgetWindow(*window) for window in windows), amount, Owner.from_text(owner), at, expires
            )
        except (ValueError, TypeError) as error:
            raise StoreDamagedError(f"the reservation {key!r} of a budget is damaged ({error}).") from error


def make_reservation(windows: Sequence[BudgetWindow], amount: int, left: float | None) -> Reservation:
    """Makes a reservation of this process.

    Args:
        windows: The budgets, each in one window.
        amount: The most that the call can cost, in billionths of a dollar.
        left: The seconds that the call has left; None without a deadline.
    """
    return Reservation(random_id(), tuple(windows), amount, this_process(), time.time(), expiry(left))


Refused = tuple[int, int]
"""The index of the window that would be exceeded, and what is spent of it."""


class BudgetStore(ABC):
    """Base class of budget stores. A custom store needs `reserve`, `settle` and `spent`.

    With `open`, `finish`, `reservations` and `close_abandoned`, reservations of killed processes can be listed and
    closed; until then they count as spent. All amounts are in billionths of a dollar. Methods may block;
    `blocking = False` promises that they never do.
    """

    blocking: ClassVar[bool] = True
    """Whether methods may wait for a file or a server. If not, async programs need no thread for them."""

    @abstractmethod
    def reserve(self, windows: Sequence[BudgetWindow], amount: int) -> Refused | None:
        """Adds the amount to all windows, or to none if one would be exceeded.

        Args:
            windows: The budgets, each in one window.
            amount: The amount.

        Returns:
            The window that would be exceeded, or None.

        Raises:
            StoreError: If the store cannot be used.
        """

    @abstractmethod
    def settle(self, windows: Sequence[BudgetWindow], difference: int) -> None:
        """Adds the difference of the real cost and a reserved amount.

        Args:
            windows: The budgets, each in one window.
            difference: The difference; negative if the cost is lower.

        Raises:
            StoreError: If the store cannot be used.
        """

    @abstractmethod
    def spent(self, window: BudgetWindow) -> int:
        """Returns the amount that is spent or reserved in a window.

        Args:
            window: The window.
        """

    def open(self, reservation: Reservation) -> Refused | None:
        """Like `reserve`, and stores the reservation until it is finished.

        Args:
            reservation: The reservation.

        Returns:
            The window that would be exceeded, or None.
        """
        return self.reserve(reservation.windows, reservation.amount)

    def finish(self, reservation: Reservation, spent: int) -> None:
        """Ends a reservation, and counts the real cost instead.

        Args:
            reservation: The reservation.
            spent: The real cost.
        """
        self.settle(reservation.windows, spent - reservation.amount)

    def finish_later(self, reservation: Reservation, spent: int) -> bool:
        """Leaves a reservation to be finished a moment later, together with others; False if it has to be finished now.

        Args:
            reservation: The reservation, which counts for other processes until then.
            spent: The real cost.
        """
        return False

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
        closed = [reservation for reservation in self.reservations() if reservation.abandoned]
        for reservation in closed:
            self.finish(reservation, to_nanodollars(Decimal(spent)))
        return closed

    def close(self) -> None:  # noqa: B027  # a store in memory has nothing to close
        """Closes files and connections."""
