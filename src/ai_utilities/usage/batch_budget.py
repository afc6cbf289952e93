"""Budgets for batches: the worst case is reserved when they are handed over, and settled as their answers arrive."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from dhenara.ai import Target
from dhenara.ai.types import BatchItemContext, BatchRequest, Call

from ..storage.store_calls import StoreIO
from .budget import BudgetWindow, to_nanodollars
from .estimate import estimate_tokens

STEP = 64
"""Prompts are taken for the next longer one of so many tokens: few prices need to be looked up for very many."""
BREATH = 64
LATCH_DAYS = 62
RESERVATION_KEY = "budget"


def batch_request_of(call: Call) -> BatchRequest | None:
    """What is handed over by this call, if it makes a batch."""
    request = call.request
    return request if isinstance(request, BatchRequest) and request.action == "create" else None


async def batch_upper_bound(
    io: StoreIO, request: BatchRequest, target: Target, worst: Callable[[Call, int], Decimal | None]
) -> Decimal | None:
    """The most that all calls can cost at the price of batches; None where that is not known."""
    prices: dict[int, Decimal | None] = {}
    total = Decimal(0)
    for number, body in enumerate(request.bodies):
        if number % BREATH == 0:
            await io.sleep(0)
        read = -(-estimate_tokens(json.loads(body)).most // STEP) * STEP
        if read not in prices:
            prices[read] = worst(request.sample_call, read)
        most = prices[read]
        if most is None:
            return None
        total += most
    return total * Decimal(target.price_share)


def reservation_record(accounts: Sequence[BudgetWindow], reserved: Decimal, calls: int) -> dict[str, Any]:
    """What a batch keeps of its reservation until its answers come."""
    named = [[account.name, account.limit, account.expires] for account in accounts]
    return {"accounts": named, "reserved": to_nanodollars(reserved), "calls": calls}


def windows_of(data: dict[str, Any]) -> list[BudgetWindow]:
    return [BudgetWindow(name, limit, expires) for name, limit, expires in data["accounts"]]


def item_share(data: dict[str, Any], index: int) -> int:
    """What of the reservation stands for one call: all parts together are all of it."""
    reserved, calls = data["reserved"], data["calls"]
    return reserved * (index + 1) // calls - reserved * index // calls if index < calls else 0


def item_cost(arrival: BatchItemContext) -> int | None:
    """What one item cost; None where that is unknown, so that its part stays counted."""
    if arrival.response is None:
        return 0
    cost = arrival.response.cost
    return None if cost is None or cost.amount is None else to_nanodollars(cost.amount)


def settlement_window(arrival: BatchItemContext, now: float) -> BudgetWindow:
    """Counted once for each batch that is settled, so that a second reading settles nothing."""
    return BudgetWindow(f"settled|{arrival.job.batch_id}", 1, now + LATCH_DAYS * 86_400)
