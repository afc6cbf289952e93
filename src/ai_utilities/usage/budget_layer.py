"""Budgets around calls: the worst case is reserved before anything is sent, and settled when the bill is known."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import partial

from dhenara.ai import Layer, Send, Stream, Target
from dhenara.ai.errors import CallError, ConnectionFailedError
from dhenara.ai.types import BatchArrival, BatchRequest, Call

from ..storage.errors import StoreError
from ..storage.running import World, asked, surely
from .batch_budget import KEPT, accounts_of, kept, latch, part_of, spent_on, submission, worst_batch
from .budget import Account, Budget, BudgetExceededError, UnknownCostError, dollars, nano
from .budget_store import BudgetStore, MemoryBudgets
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
        worst = known or Decimal(0)
        accounts = [budget.account(tags, self._io.wall()) for budget in due]
        await self._reserve(accounts, worst)
        try:
            stream = await send(call)
        except BaseException as error:
            await self._settle(accounts, worst, Decimal(0) if unbilled(error) else worst)
            raise
        if handed is not None:
            call.journal.kept[KEPT] = kept(accounts, worst, sum(1 for _ in handed.bodies))
            return stream

        async def ended(stream: Stream) -> None:
            cost = stream.partial().cost
            # What was cut may have cost more than was reported: then what was reserved counts.
            billed = cost.amount if cost is not None and stream.complete else None
            await self._settle(accounts, worst, worst if billed is None else billed)

        stream.on_end(ended)
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

    async def _reserve(self, accounts: Sequence[Account], worst: Decimal) -> None:
        store = self._layer.store
        refused = await asked(self._io, store, store.reserve, accounts, nano(worst))
        if refused is None:
            return
        account, spent = accounts[refused[0]], dollars(refused[1])
        limit = dollars(account.limit)
        left, needed = max(limit - spent, Decimal(0)), f"${worst:f}" if worst else "any sum"
        raise BudgetExceededError(
            f"the budget {spoken(account.name)!r} has ${left:f} left of ${limit:f}, and this call may cost {needed}: "
            "nothing was sent. Lower max_output_tokens, raise the budget, or wait for its next window.",
            budget=account.name,
            limit=limit,
            spent=spent,
            needed=worst,
        )

    async def _settle(self, accounts: Sequence[Account], reserved: Decimal, spent: Decimal) -> None:
        await surely(self._io, self._layer.store, self._layer.settle, accounts, nano(spent) - nano(reserved))


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


def unbilled(error: BaseException) -> bool:
    """Whether nothing can have been charged: refused, never reached, or never sent."""
    if isinstance(error, CallError):
        return error.status is not None or isinstance(error, ConnectionFailedError)
    return isinstance(error, Exception)


def spoken(account: str) -> str:
    """The name of an account as people read it: what is said of it, without the places where nothing is."""
    return " ".join(part for part in account.split("|") if part)
