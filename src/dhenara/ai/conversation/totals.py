"""Adds up the cost of turns."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from ..types.cost import Cost


def total_cost(costs: Sequence[Cost | None]) -> Cost:
    """Return the sum; if a turn has no price, `amount` is None and `components` has the known part."""
    amounts = [cost.amount for cost in costs if cost is not None and cost.amount is not None]
    known = sum(amounts, Decimal(0))
    if len(amounts) == len(costs):
        return Cost(amount=known, source="turns")
    missing = len(costs) - len(amounts)
    return Cost(components={"known": known}, reason=f"{missing} of {len(costs)} turns have no known price")
