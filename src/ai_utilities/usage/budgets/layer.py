"""The budget layer: reserves the most that a call or batch can cost, and settles it when the cost is known."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from dhenara.ai import Layer, Send, Stream, Target
from dhenara.ai.types import BatchItemContext, BatchRequest, Call

from ...storage.errors import StoreError
from ...storage.store_calls import StoreIO, call_store, call_store_shielded
from ..costs import UNCHARGED_OPERATIONS, cost_upper_bound, estimate_tokens, upper_bound_for
from ..data import tags_now
from .budget import (
    Budget,
    BudgetStore,
    BudgetWindow,
    MemoryBudgets,
    Refused,
    Reservation,
    UnknownCostError,
    to_dollars,
    to_nanodollars,
)
from .call_reservations import Reserved

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


log = logging.getLogger("ai_utilities.usage")


class BudgetLayer:
    """Enforces budgets. Put it into `layers` after the cache, so that cached answers are free.

    If the store fails, the call fails: no money is spent that is not counted.
    """

    def __init__(
        self, *budgets: Budget, store: BudgetStore | None = None, tags: Mapping[str, str] | None = None
    ) -> None:
        self.budgets = budgets
        self.store = store or MemoryBudgets()
        self.tags = dict(tags or {})
        self._waiting: dict[str, tuple[Reservation, int]] = {}

    def bind(self, io: StoreIO, target: Target) -> Layer:
        return BoundBudget(self, io, target).reserve_budget

    def settle(self, accounts: Sequence[BudgetWindow], difference: int) -> None:
        """A store failure after the answer does not lose the answer: the reservation stays counted as spent."""
        try:
            self.store.settle(accounts, difference)
        except StoreError:
            log.exception("cannot settle a budget; the reserved amount stays counted as spent")

    def finish(self, reservation: Reservation, spent: int) -> None:
        """The same for a reservation, which is settled when the store works again."""
        try:
            self.store.finish(reservation, spent)
        except StoreError as error:
            self._waiting[reservation.key] = (reservation, spent)
            log.warning("a budget is settled later; until then, what was reserved stays counted as spent: %s", error)

    def open(self, reservation: Reservation) -> Refused | None:
        """Reserves; before that, settles what could not be settled earlier."""
        if self._waiting:
            # A store that did not answer may have settled it all the same.
            known = {one.key for one in self.store.reservations()}
            for key in list(self._waiting):
                late = self._waiting.pop(key, None)
                if late is not None and key in known:
                    self.finish(*late)
        return self.store.open(reservation)

    def cancel(self, reservation: Reservation) -> None:
        """Releases the reservation of a cancelled call."""
        try:
            if any(one.key == reservation.key for one in self.store.reservations()):
                self.store.finish(reservation, 0)
        except StoreError:
            log.exception("a reservation could not be given back; it stays counted until it is closed")

    def remaining(self, budget: Budget, now: float, **tags: str) -> Decimal:
        """The remaining amount of a budget at this time, in US dollars."""
        account = budget.window_at({**self.tags, **tags}, now)
        return to_dollars(account.limit - self.store.spent(account))


class BoundBudget:
    """The budgets of one execution mode, before one target."""

    def __init__(self, layer: BudgetLayer, io: StoreIO, target: Target) -> None:
        self._layer = layer
        self._io = io
        self._target = target

    async def reserve_budget(self, call: Call, send: Send) -> Stream:
        """Reserves the most that the call can cost, and settles it."""
        if isinstance(call.request, BatchItemContext):
            await self._settle_item(call.request)
            return await send(call)
        submitted = batch_request_of(call)
        if call.operation in UNCHARGED_OPERATIONS and submitted is None:
            return await send(call)
        tags = {**self._layer.tags, **tags_now()}
        due = [budget for budget in self._layer.budgets if budget.applies_to(tags)]
        if not due:
            return await send(call)
        known = await self._upper_bound(call, submitted)
        if known is None:
            refuse_unknown(call, due)
        accounts = [budget.window_at(tags, self._io.time()) for budget in due]
        reserved = Reserved(self._layer, self._io, call, accounts, known or Decimal(0))
        await reserved.reserve()
        try:
            stream = await send(call)
        except BaseException as error:
            await reserved.failed(error)
            raise
        if submitted is not None:
            call.journal.layer_data[RESERVATION_KEY] = reservation_record(
                accounts, known or Decimal(0), sum(1 for _ in submitted.bodies)
            )
            await reserved.handed_over()
            return stream
        reserved.answered()
        stream.on_end(reserved.ended)
        return stream

    async def _upper_bound(self, call: Call, submitted: BatchRequest | None) -> Decimal | None:
        if submitted is None:
            return cost_upper_bound(await self._target.exchange(call), self._target)
        return await batch_upper_bound(self._io, submitted, self._target, partial(upper_bound_for, self._target))

    async def _settle_item(self, arrival: BatchItemContext) -> None:
        """Settles what was reserved for a batch with its last answer, where nobody has done so before.

        Until then all of it stays counted: a batch that is read in part may be read again.
        """
        data, store = arrival.job.layer_data.get(RESERVATION_KEY), self._layer.store
        if data is None:
            return
        differences: dict[int, int] = arrival.shared.setdefault("differences", {})
        spent = item_cost(arrival)
        differences[arrival.index] = 0 if spent is None else spent - item_share(data, arrival.index)
        if len(differences) < data["calls"]:
            return
        once = [settlement_window(arrival, self._io.time())]
        if await call_store(self._io, store, store.reserve, once, 1) is None:
            difference = sum(differences.values())
            await call_store_shielded(self._io, store, self._layer.settle, windows_of(data), difference)


def refuse_unknown(call: Call, due: Sequence[Budget]) -> None:
    strict = next((budget for budget in due if budget.unknown == "refuse"), None)
    if strict is None:
        return
    name = call.endpoint.ai_model.model_name
    raise UnknownCostError(
        f"a budget holds for this call, and what {name} may cost at most is not known: set max_output_tokens, and give "
        "the endpoint cost_data if its price is unknown; or allow it with Budget(unknown='allow'), "
        "which is AI_BUDGET_UNKNOWN=allow"
    )
