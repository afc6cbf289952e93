"""Totals over turns: tokens, and money where it is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal

from ..types.cost import Cost
from ..types.usage import Usage

COUNTED = [name for name, field in Usage.model_fields.items() if field.annotation is int]


def total_usage(counts: Iterable[Usage | None]) -> Usage:
    """All buckets added up; turns without counts add nothing."""
    known = [usage for usage in counts if usage is not None]
    tools: Counter[str] = Counter()
    for usage in known:
        tools.update(usage.server_tool_requests)
    sums = {name: sum(getattr(usage, name) for usage in known) for name in COUNTED}
    return Usage(**sums, server_tool_requests=dict(tools))


def total_cost(costs: Sequence[Cost | None]) -> Cost:
    """The sum. Where a turn has no price the sum is not known, and `components` has what is."""
    amounts = [cost.amount for cost in costs if cost is not None and cost.amount is not None]
    known = sum(amounts, Decimal(0))
    if len(amounts) == len(costs):
        return Cost(amount=known, source="turns")
    missing = len(costs) - len(amounts)
    return Cost(components={"known": known}, reason=f"{missing} of {len(costs)} turns have no known price")
