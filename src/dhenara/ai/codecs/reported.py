"""What hosts report of the money that an operation took."""

from __future__ import annotations

from .counts import Report

TICKS = 10_000_000_000
"""xAI counts in ticks, so many to a dollar."""


def reported_cost(report: Report) -> float | None:
    """Dollars, where the host says so."""
    cost, ticks = report.get("cost"), report.get("cost_in_usd_ticks")
    if isinstance(cost, dict):
        cost = cost.get("total_cost")
    if isinstance(cost, int | float):
        return float(cost)
    return ticks / TICKS if isinstance(ticks, int | float) else None
