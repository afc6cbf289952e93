"""Adds up usage and cost of several responses; unknown parts make the sum unknown."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from ..types.cost import Cost
from ..types.usage import Usage

COUNTED = tuple(name for name, field in Usage.model_fields.items() if field.annotation is int)


def total_usage(usages: Iterable[Usage | None]) -> Usage:
    known = [usage for usage in usages if usage is not None]
    requests: dict[str, int] = {}
    for usage in known:
        for name, count in usage.server_tool_requests.items():
            requests[name] = requests.get(name, 0) + count
    reported = [usage.reported_cost for usage in known if usage.reported_cost is not None]
    counts = {name: sum(getattr(usage, name) for usage in known) for name in COUNTED}
    unclear = tuple(dict.fromkeys(name for usage in known for name in usage.unclear))
    cost = sum(reported) if reported else None
    return Usage(server_tool_requests=requests, reported_cost=cost, unclear=unclear, **counts)


def total_cost(costs: Iterable[Cost | None]) -> Cost:
    given = list(costs)
    known = [cost for cost in given if cost is not None and cost.amount is not None]
    currencies = {cost.currency for cost in known}
    if len(known) < len(given):
        return Cost(reason=f"{len(given) - len(known)} of {len(given)} responses have no known price")
    if len(currencies) > 1:
        return Cost(reason=f"the responses are priced in {' and '.join(sorted(currencies))}")
    components: dict[str, Decimal] = {}
    for cost in known:
        for name, amount in cost.components.items():
            components[name] = components.get(name, Decimal(0)) + amount
    amount = sum((cost.amount or Decimal(0) for cost in known), Decimal(0))
    return Cost(amount=amount, currency=next(iter(currencies), "USD"), components=components)
