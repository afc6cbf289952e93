"""Budgets for batches: the worst case is reserved when they are handed over, and settled as their answers arrive."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from dhenara.ai import Target
from dhenara.ai.types import BatchArrival, BatchRequest, Call

from ..storage.running import World
from .budget import Account, nano
from .estimate import estimate

STEP = 64
"""Prompts are taken for the next longer one of so many tokens: few prices need to be looked up for very many."""
BREATH = 64
LATCH_DAYS = 62
KEPT = "budget"


def submission(call: Call) -> BatchRequest | None:
    """What is handed over by this call, if it makes a batch."""
    request = call.request
    return request if isinstance(request, BatchRequest) and request.action == "create" else None


async def worst_batch(
    io: World, request: BatchRequest, target: Target, worst: Callable[[Call, int], Decimal | None]
) -> Decimal | None:
    """The most that all calls can cost at the price of batches; None where that is not known."""
    prices: dict[int, Decimal | None] = {}
    total = Decimal(0)
    for number, body in enumerate(request.bodies):
        if number % BREATH == 0:
            await io.sleep(0)
        read = -(-estimate(json.loads(body)).most // STEP) * STEP
        if read not in prices:
            prices[read] = worst(request.asked, read)
        most = prices[read]
        if most is None:
            return None
        total += most
    return total * Decimal(target.price_share)


def kept(accounts: Sequence[Account], reserved: Decimal, calls: int) -> dict[str, Any]:
    """What a batch keeps of its reservation until its answers come."""
    named = [[account.name, account.limit, account.expires] for account in accounts]
    return {"accounts": named, "reserved": nano(reserved), "calls": calls}


def accounts_of(told: dict[str, Any]) -> list[Account]:
    return [Account(name, limit, expires) for name, limit, expires in told["accounts"]]


def part_of(told: dict[str, Any], index: int) -> int:
    """What of the reservation stands for one call: all parts together are all of it."""
    reserved, calls = told["reserved"], told["calls"]
    return reserved * (index + 1) // calls - reserved * index // calls if index < calls else 0


def spent_on(arrival: BatchArrival) -> int | None:
    """What one item cost; None where that is unknown, so that its part stays counted."""
    if arrival.response is None:
        return 0
    cost = arrival.response.cost
    return None if cost is None or cost.amount is None else nano(cost.amount)


def latch(arrival: BatchArrival, now: float) -> Account:
    """Counted once for each batch that is settled, so that a second reading settles nothing."""
    return Account(f"settled|{arrival.job.batch_id}", 1, now + LATCH_DAYS * 86_400)
