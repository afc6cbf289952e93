"""Costs that providers report for operations."""

from __future__ import annotations

from .int_fields import Report, amount, read_object

TICKS = 10_000_000_000
"""xAI reports costs in ticks; this many make a dollar."""


def reported_cost(report: Report) -> float | None:
    """Return the cost in dollars, if reported."""
    if isinstance(report.get("cost"), dict):
        match = amount(read_object(report, "cost"), "total_cost")
    else:
        match = amount(report, "cost")
    if match is not None:
        return match
    ticks = amount(report, "cost_in_usd_ticks")
    return None if ticks is None else ticks / TICKS
