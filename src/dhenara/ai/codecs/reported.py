"""What hosts report of the money that an operation took."""

from __future__ import annotations

from .counts import Report, amount, section

TICKS = 10_000_000_000
"""xAI counts in ticks, so many to a dollar."""


def reported_cost(report: Report) -> float | None:
    """Dollars, where the host says so."""
    if isinstance(report.get("cost"), dict):
        found = amount(section(report, "cost"), "total_cost")
    else:
        found = amount(report, "cost")
    if found is not None:
        return found
    ticks = amount(report, "cost_in_usd_ticks")
    return None if ticks is None else ticks / TICKS
