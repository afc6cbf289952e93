"""Budgets: a maximum cost of some calls in a time window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Any, Literal

from dhenara.ai.dataclass import dataclass
from dhenara.ai.errors import ConfigurationError, DhenaraError

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
