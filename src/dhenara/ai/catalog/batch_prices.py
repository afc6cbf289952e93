"""What an answer out of a batch costs: what it says itself, the list price for batches, or a share of the usual one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from decimal import Decimal
from functools import partial

from ..types.cost import Cost
from ..types.endpoint import AIModelEndpoint
from ..types.response import ChatResponse
from .prices import price_usage


def batch_price(
    endpoint: AIModelEndpoint,
    answer: ChatResponse,
    at: datetime,
    base_url: str,
    share: str = "0.5",
    server_tools: Mapping[str, int] | None = None,
) -> Cost | None:
    """`share` is for tokens; what the provider's own tools cost is the same for everybody."""
    usage = answer.usage
    if usage is None:
        return None
    if usage.reported_cost is not None:
        return price_usage(endpoint, usage, at=at, base_url=base_url)
    ask = partial(
        price_usage, endpoint, usage, served=answer.model, server_tools=server_tools, at=at, base_url=base_url
    )
    tools = usage.server_tool_requests or server_tools or {}
    usual = ask()
    if usual is None or usual.amount is None or usual.source in ("cost_data", "local"):
        return scale_cost(usual, share, tools)
    listed = ask(service_tier="batch")
    # A list that knows no price for batches answers with the usual one.
    return (
        listed if listed is not None and listed.amount not in (None, usual.amount) else scale_cost(usual, share, tools)
    )


def scale_cost(cost: Cost | None, share: str, tools: Collection[str] = ()) -> Cost | None:
    """This part of the usual price, but for the fees of tools."""
    if cost is None or cost.amount is None:
        return cost
    saved = Decimal(1) - Decimal(share)
    fees = sum((fee for name, fee in cost.components.items() if name in tools), Decimal(0))
    parts = {name: part if name in tools else part * Decimal(share) for name, part in cost.components.items()}
    return cost.model_copy(update={"amount": cost.amount - (cost.amount - fees) * saved, "components": parts})
