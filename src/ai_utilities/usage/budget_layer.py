"""Budgets around calls: the worst case is reserved before anything is sent, and settled when the bill is known."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import partial

from dhenara.ai import Layer, Send, Stream, Target
from dhenara.ai.types import BatchArrival, BatchRequest, Call

from ..storage.errors import StoreError
from ..storage.running import World, asked, surely
from .batch_budget import KEPT, accounts_of, kept, latch, part_of, spent_on, submission, worst_batch
from .budget import Account, Budget, UnknownCostError, dollars
from .budget_store import BudgetStore, MemoryBudgets
from .reservation import Reservation
from .reserved import Reserved
from .tags import tags_now
from .worst_case import FREE, worst_case, worst_for

log = logging.getLogger("ai_utilities.usage")


class BudgetLayer:
    """Put it into `layers` after the cache, so that cached answers are free.

    A store that cannot be asked fails the call: money that nobody counts is not spent.
    """

    def __init__(
        self, *budgets: Budget, store: BudgetStore | None = None, tags: Mapping[str, str] | None = None
    ) -> None:
        self.budgets = budgets
        self.store = store or MemoryBudgets()
        self.tags = dict(tags or {})

    def bind(self, io: World, target: Target) -> Layer:
        return Bound(self, io, target)

    def settle(self, accounts: Sequence[Account], difference: int) -> None:
        """An answer that is here is not lost for a store that fails now: the reservation then stays counted."""
        try:
            self.store.settle(accounts, difference)
        except StoreError:
            log.exception("a budget could not be settled; what was reserved stays counted as spent")

    def finish(self, reservation: Reservation, spent: int) -> None:
        """The same for a reservation."""
        try:
            self.store.finish(reservation, spent)
        except StoreError:
            log.exception("a budget could not be settled; what was reserved stays counted as spent")

    def cancel(self, reservation: Reservation) -> None:
        """Gives back what was reserved for a call that was cancelled, if it was."""
        try:
            if any(one.key == reservation.key for one in self.store.reservations()):
                self.store.finish(reservation, 0)
        except StoreError:
            log.exception("a reservation could not be given back; it stays counted until it is closed")

    def left(self, budget: Budget, now: float, **tags: str) -> Decimal:
        """What may still be spent of a budget at this time, in dollars."""
        account = budget.account({**self.tags, **tags}, now)
        return dollars(account.limit - self.store.spent(account))


class Bound:
    """The budgets in one world, before one target."""

    def __init__(self, layer: BudgetLayer, io: World, target: Target) -> None:
        self._layer = layer
        self._io = io
        self._target = target

    async def __call__(self, call: Call, send: Send) -> Stream:
        if isinstance(call.request, BatchArrival):
            await self._arrived(call.request)
            return await send(call)
        handed = submission(call)
        if call.operation in FREE and handed is None:
            return await send(call)
        tags = {**self._layer.tags, **tags_now()}
        due = [budget for budget in self._layer.budgets if budget.holds_for(tags)]
        if not due:
            return await send(call)
        known = await self._worst(call, handed)
        if known is None:
            refuse_unknown(call, due)
        accounts = [budget.account(tags, self._io.wall()) for budget in due]
        reserved = Reserved(self._layer, self._io, call, accounts, known or Decimal(0))
        await reserved.reserve()
        try:
            stream = await send(call)
        except BaseException as error:
            await reserved.failed(error)
            raise
        if handed is not None:
            call.journal.kept[KEPT] = kept(accounts, known or Decimal(0), sum(1 for _ in handed.bodies))
            await reserved.handed_over()
            return stream
        reserved.answered()
        stream.on_end(reserved.ended)
        return stream

    async def _worst(self, call: Call, handed: BatchRequest | None) -> Decimal | None:
        if handed is None:
            return worst_case(await self._target.exchange(call), self._target)
        return await worst_batch(self._io, handed, self._target, partial(worst_for, self._target))

    async def _arrived(self, arrival: BatchArrival) -> None:
        """Settles what was reserved for one call of a batch, where nobody has done so before."""
        told, store = arrival.job.kept.get(KEPT), self._layer.store
        if told is None:
            return
        if "settles" not in arrival.shared:
            once = [latch(arrival, self._io.wall())]
            arrival.shared["settles"] = await asked(self._io, store, store.reserve, once, 1) is None
        spent = spent_on(arrival)
        if arrival.shared["settles"] and spent is not None:
            difference = spent - part_of(told, arrival.index)
            await surely(self._io, store, self._layer.settle, accounts_of(told), difference)


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
