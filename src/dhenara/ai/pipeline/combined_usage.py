"""Adds up usage and cost of several calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TypeVar

from ..types.cost import Cost
from ..types.usage import Usage

T = TypeVar("T")
N = TypeVar("N", float, Decimal)
COUNTS = [name for name, field in Usage.model_fields.items() if field.annotation is int]


def add_usages(usages: Sequence[Usage | None]) -> Usage | None:
    """Return the sum of the known usages; None if none is known."""
    known = [usage for usage in usages if usage is not None]
    if not known:
        return None
    costs = [usage.reported_cost for usage in known]
    return Usage(
        **{name: sum(getattr(usage, name) for usage in known) for name in COUNTS},
        units=sum_tables([usage.units for usage in known], 0.0),
        options=known[0].options,
        reported_cost=None if None in costs else sum(cost for cost in costs if cost is not None),
        unclear=tuple(unique(name for usage in known for name in usage.unclear)),
    )


def add_costs(costs: Sequence[Cost | None]) -> Cost | None:
    """Return the sum; unknown if any part is unknown."""
    known = [cost for cost in costs if cost is not None]
    if not known:
        return None
    if len(known) < len(costs) or any(cost.amount is None for cost in known):
        return known[0].model_copy(
            update={"amount": None, "components": {}, "reason": "the cost of one of the requests is unknown"}
        )
    components = sum_tables([cost.components for cost in known], Decimal(0))
    total = sum((cost.amount for cost in known if cost.amount is not None), Decimal(0))
    # A cached response has cost 0 and does not name the prices used for the rest.
    paid = next((cost for cost in known if cost.amount), known[0])
    return paid.model_copy(update={"amount": total, "components": components})


def sum_tables(tables: Sequence[Mapping[str, N]], zero: N) -> dict[str, N]:
    """Add the tables entry by entry."""
    names = unique(name for table in tables for name in table)
    return {name: sum((table.get(name, zero) for table in tables), zero) for name in names}


def unique(items: Iterable[T]) -> list[T]:
    result: list[T] = []
    for one in items:
        if one not in result:
            result.append(one)
    return result
