"""The budget layer: reserves the worst-case cost of a call before it is sent, and settles the real cost afterwards."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import partial

from dhenara.ai import Layer, Send, Stream, Target
from dhenara.ai.types import BatchItemContext, BatchRequest, Call

from ..storage.errors import StoreError
from ..storage.store_calls import StoreIO, call_store, call_store_shielded
from .batch_budget import (
    RESERVATION_KEY,
    batch_request_of,
    batch_upper_bound,
    item_cost,
    item_share,
    reservation_record,
    settlement_window,
    windows_of,
)
from .budget import Budget, BudgetWindow, UnknownCostError, to_dollars
from .budget_store import BudgetStore, MemoryBudgets, Refused
from .charges import UNCHARGED_OPERATIONS
from .cost_upper_bound import cost_upper_bound, upper_bound_for
from .reservation import Reservation
from .reserved import Reserved
from .tags import tags_now

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
        return BoundBudget(self, io, target)

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

    async def __call__(self, call: Call, send: Send) -> Stream:
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
