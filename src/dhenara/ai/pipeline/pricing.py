"""Computes the cost of a response, and adds up usage and cost of several responses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

from ..catalog.prices import price_usage
from ..providers.target import ResolvedTarget
from ..types.chat.response import ChatResponse
from ..types.chat.usage import Cost, Usage
from ..types.config.call import Call


def cost_function(target: ResolvedTarget, call: Call, at: float) -> Callable[[ChatResponse], Cost | None]:
    """Return a function that prices a response of this call at the time `at`."""
    endpoint, requested_tier = call.endpoint, call.config.service_tier

    def compute_cost(answer: ChatResponse) -> Cost | None:
        return price_usage(
            endpoint,
            answer.usage,
            served=answer.model,
            service_tier=answer.extras.get("service_tier") or tier_of(answer) or requested_tier,
            server_tools=tools_of(answer),
            at=datetime.fromtimestamp(at, UTC),
            base_url=target.base_url,
        )

    return compute_cost


def tier_of(answer: ChatResponse) -> str | None:
    """Return the service tier; Anthropic and Google report it in the usage, Bedrock next to it."""
    counts, other = answer.usage.raw if answer.usage else {}, answer.extras.get("serviceTier")
    known = (
        counts.get("service_tier"),
        counts.get("serviceTier"),
        other.get("type") if isinstance(other, dict) else other,
    )
    return next((tier for tier in known if isinstance(tier, str) and tier), None)


def tools_of(answer: ChatResponse) -> dict[str, int]:
    """Return how often each provider-run tool ran, as far as the response shows."""
    parts = (part for choice in answer.choices for part in choice.contents)
    return dict(Counter(part.name for part in parts if part.type == "server_tool"))


COUNTED = tuple(name for name, field in Usage.model_fields.items() if field.annotation is int)


def total_usage(usages: Iterable[Usage | None]) -> Usage:
    known = [usage for usage in usages if usage is not None]
    requests: dict[str, int] = {}
    for usage in known:
        for name, count in usage.server_tool_requests.items():
            requests[name] = requests.get(name, 0) + count
    reported = [usage.reported_cost for usage in known if usage.reported_cost is not None]
    counts: dict[str, Any] = {name: sum(getattr(usage, name) for usage in known) for name in COUNTED}
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


T = TypeVar("T")
N = TypeVar("N", float, Decimal)
COUNTS = [name for name, field in Usage.model_fields.items() if field.annotation is int]


def add_usages(usages: Sequence[Usage | None]) -> Usage | None:
    """Return the sum of the known usages; None if none is known."""
    known = [usage for usage in usages if usage is not None]
    if not known:
        return None
    costs = [usage.reported_cost for usage in known]
    counts: dict[str, Any] = {name: sum(getattr(usage, name) for usage in known) for name in COUNTS}
    return Usage(
        **counts,
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
