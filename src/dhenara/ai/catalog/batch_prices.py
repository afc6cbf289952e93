"""What an answer out of a batch costs: the price list's own price for batches, else a share of the usual one."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from ..types.cost import Cost
from ..types.endpoint import AIModelEndpoint
from ..types.response import ChatResponse
from .prices import price


def batch_price(
    endpoint: AIModelEndpoint, answer: ChatResponse, at: datetime, base_url: str, share: str = "0.5"
) -> Cost | None:
    usage = answer.usage
    if usage is None:
        return None
    if usage.reported_cost is not None:
        return price(endpoint, usage, at=at, base_url=base_url)
    usual = price(endpoint, usage, served=answer.model, at=at, base_url=base_url)
    if usual is None or usual.amount is None or usual.source in ("cost_data", "local"):
        return shared(usual, share)
    listed = price(endpoint, usage, served=answer.model, service_tier="batch", at=at, base_url=base_url)
    # A list that knows no price for batches answers with the usual one.
    return listed if listed is not None and listed.amount not in (None, usual.amount) else shared(usual, share)


def shared(cost: Cost | None, share: str) -> Cost | None:
    """This part of the usual price."""
    if cost is None or cost.amount is None:
        return cost
    part = Decimal(share)
    components = {name: amount * part for name, amount in cost.components.items()}
    return cost.model_copy(update={"amount": cost.amount * part, "components": components})
