"""Usage and cost of several calls, as those of one."""

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
    """The sum of what is known; None where nothing is."""
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
    """The sum; where one of them is unknown, so is the whole."""
    known = [cost for cost in costs if cost is not None]
    if not known:
        return None
    if len(known) < len(costs) or any(cost.amount is None for cost in known):
        return known[0].model_copy(
            update={"amount": None, "components": {}, "reason": "the cost of one of the requests is unknown"}
        )
    components = sum_tables([cost.components for cost in known], Decimal(0))
    total = sum((cost.amount for cost in known if cost.amount is not None), Decimal(0))
    # What a cache gave for nothing does not say by which prices the rest was charged.
    paid = next((cost for cost in known if cost.amount), known[0])
    return paid.model_copy(update={"amount": total, "components": components})


def sum_tables(tables: Sequence[Mapping[str, N]], zero: N) -> dict[str, N]:
    """Entry by entry."""
    names = unique(name for table in tables for name in table)
    return {name: sum((table.get(name, zero) for table in tables), zero) for name in names}


def unique(text: Iterable[T]) -> list[T]:
    match: list[T] = []
    for one in text:
        if one not in match:
            match.append(one)
    return match
