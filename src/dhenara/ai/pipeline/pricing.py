"""Computes the cost of a response, and adds up usage and cost of several responses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

from .. import catalog
from ..providers.target import ResolvedTarget
from ..types.chat.cost import Cost
from ..types.chat.response import ChatResponse
from ..types.chat.usage import COUNTS, Usage
from ..types.config.call import Call


def cost_function(target: ResolvedTarget, call: Call, at: float) -> Callable[[ChatResponse], Cost]:
    """Return a function that prices a response of this call at the time `at`."""
    endpoint, requested_tier = call.endpoint, call.config.service_tier

    def compute_cost(answer: ChatResponse) -> Cost:
        return catalog.price_usage(
            endpoint,
            answer.usage,
            served=answer.model,
            service_tier=answer.extras.get("service_tier") or tier_of(answer) or requested_tier,
            at=datetime.fromtimestamp(at, UTC),
            base_url=target.base_url,
        )

    return compute_cost


def tier_of(answer: ChatResponse) -> str | None:
    """Return the service tier; Anthropic and Google report it in the usage, Bedrock next to it."""
    counts, other = answer.usage.raw, answer.extras.get("serviceTier")
    known = (
        counts.get("service_tier"),
        counts.get("serviceTier"),
        other.get("type") if isinstance(other, dict) else other,
    )
    return next((tier for tier in known if isinstance(tier, str) and tier), None)


def total_usage(usages: Iterable[Usage]) -> Usage:
    """Return the sum of the known usages; unknown if there are some, but none is known."""
    given = list(usages)
    known = [usage for usage in given if usage.known]
    if given and not known:
        return Usage.unknown()
    requests: dict[str, int] = {}
    for usage in known:
        for name, count in usage.server_tool_requests.items():
            requests[name] = requests.get(name, 0) + count
    reported = [usage.reported_cost for usage in known if usage.reported_cost is not None]
    counts: dict[str, Any] = {name: sum(getattr(usage, name) for usage in known) for name in COUNTS}
    cost = sum(reported) if reported else None
    return Usage(server_tool_requests=requests, reported_cost=cost, **counts, **added_units(known))


def total_cost(costs: Iterable[Cost]) -> Cost:
    given = list(costs)
    known = [cost for cost in given if cost.amount is not None]
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


T = TypeVar("T")
N = TypeVar("N", int, float, Decimal)


def add_usages(usages: Sequence[Usage]) -> Usage:
    """Return the sum of the known usages; unknown if none is known."""
    known = [usage for usage in usages if usage.known]
    if not known:
        return Usage.unknown()
    costs = [usage.reported_cost for usage in known]
    counts: dict[str, Any] = {name: sum(getattr(usage, name) for usage in known) for name in COUNTS}
    return Usage(
        **counts,
        **added_units(known),
        server_tool_requests=sum_tables([usage.server_tool_requests for usage in known], 0),
        reported_cost=None if None in costs else sum(cost for cost in costs if cost is not None),
    )


def added_units(usages: Sequence[Usage]) -> dict[str, Any]:
    """Return the units of all usages, and the options that all of them share."""
    options = usages[0].options if usages else {}
    shared = {name: value for name, value in options.items() if all(one.options.get(name) == value for one in usages)}
    return {
        "units": sum_tables([usage.units for usage in usages], 0.0),
        "counted": tuple(unique(unit for usage in usages for unit in usage.counted)),
        "options": shared,
        "unclear": tuple(unique(name for usage in usages for name in usage.unclear)),
    }


def add_costs(costs: Sequence[Cost]) -> Cost:
    """Return the sum; unknown if any part is unknown."""
    amounts = [cost.amount for cost in costs if cost.amount is not None]
    if not amounts:
        return costs[0] if costs else Cost(reason="there is no response")
    if len(amounts) < len(costs):
        return costs[0].model_copy(
            update={"amount": None, "components": {}, "reason": "the cost of one of the requests is unknown"}
        )
    components = sum_tables([cost.components for cost in costs], Decimal(0))
    total = sum(amounts, Decimal(0))
    # A cached response has cost 0 and does not name the prices used for the rest.
    paid = next((cost for cost in costs if cost.amount), costs[0])
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
