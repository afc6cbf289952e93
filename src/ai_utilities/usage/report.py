"""Usage reports: ledger totals by day, model and tag."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from .data import Totals
from .ledger import Ledger

MOST_DAYS = 62
"""Longer times are shown by month."""

Sums = dict[str, Totals]


@dataclass(frozen=True, slots=True)
class UsageReport:
    """`periods` are days, or months for long times, without gaps; `tags` are totals by tag name."""

    total: Totals
    periods: Sums
    days: Sums
    models: Sums
    tags: Mapping[str, Sums]


def make_report(
    ledger: Ledger,
    since: datetime | None = None,
    until: datetime | None = None,
    tags: Mapping[str, str] | None = None,
) -> UsageReport:
    """A report of the whole ledger, or of a time and of rows with these tags."""
    days = ledger.totals("day", since, until, tags)
    return UsageReport(
        total=sum(days.values(), Totals()),
        periods=fill_gaps(days),
        days=days,
        models=by_cost(ledger.totals("model", since, until, tags)),
        tags={name: ledger.totals(f"tag:{name}", since, until, tags) for name in ledger.tag_names(since, until)},
    )


def fill_gaps(days: Mapping[str, Totals]) -> Sums:
    """All days from the first to the last; days without rows are empty."""
    dated = sorted(day for day in days if day)
    if not dated:
        return dict(days)
    first, last = date.fromisoformat(dated[0]), date.fromisoformat(dated[-1])
    span = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    if len(span) <= MOST_DAYS:
        return {str(day): days.get(str(day), Totals()) for day in span}
    months: dict[str, list[Totals]] = {}
    for day in span:
        months.setdefault(f"{day:%Y-%m}", []).append(days.get(str(day), Totals()))
    return {month: sum(several, Totals()) for month, several in months.items()}


def by_cost(sums: Mapping[str, Totals]) -> Sums:
    """The most expensive first; for equal cost, the most used."""
    return dict(sorted(sums.items(), key=lambda item: (item[1].cost, item[1].total_tokens), reverse=True))


def format_cost(total: Totals) -> str:
    """A short cost for tables. A plus marks unknown parts."""
    if total.requests and total.unknown_costs == total.requests:
        return "unknown"
    return format_amount(total.cost) + ("" if total.is_exact else "+")


def format_amount(amount: Decimal) -> str:
    if 0 < amount < Decimal("0.0001"):
        return "<$0.0001"
    return f"${amount:,.2f}" if amount >= 1 else f"${amount:.4f}" if amount else "$0"


def days_before(days: int, now: datetime | None = None) -> datetime:
    """The start of the UTC day that many days ago."""
    today = (now or datetime.now(UTC)).astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today - timedelta(days=days)
