"""Forecasts of budgets: what will be spent at the end of a window if it goes on as so far."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from dhenara.ai.integration import ShortRepr, Shown

from .budget import Budget, Window

LEAST_SHARE = 0.1
"""The part of a window that must have passed before a forecast is made."""

METHOD = "spent so far, divided by the part of the window that has passed"


@dataclass(frozen=True, slots=True, repr=False)
class BudgetForecast(ShortRepr):
    """What will probably be spent of a budget.

    The forecast is linear: what is spent so far, divided by the part of the window that has passed. It is unknown
    (None) for windows without an end, before a tenth of the window has passed, and while nothing is spent.

    Attributes:
        limit: The limit in US dollars.
        spent: What is spent or reserved, in US dollars.
        expected: What will be spent at the end of the window, in US dollars; None if unknown.
        reason: Why it is unknown; None if it is known.
        begins: The start of the window; None for `total`.
        ends: Its end; None for `total`.
        exhausted_at: When the limit will be reached, if that is within the window; None otherwise.
    """

    limit: Decimal
    spent: Decimal
    expected: Decimal | None = None
    reason: str | None = None
    begins: datetime | None = None
    ends: datetime | None = None
    exhausted_at: datetime | None = None

    def _shown(self) -> Shown:
        names = ("limit", "spent", "expected", "reason", "ends", "exhausted_at")
        return ((name, value) for name in names if (value := getattr(self, name)) is not None)

    @property
    def exceeds(self) -> bool | None:
        """Whether more than the limit will be spent; None if unknown."""
        return None if self.expected is None else self.expected > self.limit


def forecast(budget: Budget, spent: Decimal, now: float) -> BudgetForecast:
    """Forecasts what will be spent at the end of the window.

    Args:
        budget: The budget.
        spent: What is spent so far, in US dollars.
        now: The time in Unix seconds.
    """
    bounds = window_bounds(budget.window, datetime.fromtimestamp(now, UTC))
    if bounds is None:
        return BudgetForecast(budget.amount, spent, reason="the window has no end")
    begins, ends = bounds
    share = (now - begins.timestamp()) / (ends - begins).total_seconds()
    known = BudgetForecast(budget.amount, spent, begins=begins, ends=ends)
    if share < LEAST_SHARE:
        return with_reason(known, "less than a tenth of the window has passed")
    if not spent:
        return with_reason(known, "nothing is spent yet")
    expected = (spent / Decimal(str(share))).quantize(Decimal("1E-9"))
    exhausted = None
    if expected > budget.amount:
        seconds = (now - begins.timestamp()) * float(budget.amount / spent)
        exhausted = begins + timedelta(seconds=seconds)
    return BudgetForecast(budget.amount, spent, expected, None, begins, ends, exhausted)


def with_reason(known: BudgetForecast, reason: str) -> BudgetForecast:
    """A forecast that is unknown for a reason."""
    return BudgetForecast(known.limit, known.spent, None, reason, known.begins, known.ends)


def window_bounds(window: Window, at: datetime) -> tuple[datetime, datetime] | None:
    """The start and the end of the window of a moment in UTC; None for `total`."""
    hour = at.replace(minute=0, second=0, microsecond=0)
    day = hour.replace(hour=0)
    match window:
        case "hour":
            return hour, hour + timedelta(hours=1)
        case "day":
            return day, day + timedelta(days=1)
        case "month":
            return day.replace(day=1), (day.replace(day=28) + timedelta(days=4)).replace(day=1)
    return None
