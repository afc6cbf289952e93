"""The reservations of one call: one for each request that may be billed."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from dhenara.ai import Stream
from dhenara.ai.errors import CallError
from dhenara.ai.types import Call

from ...storage.store_calls import StoreIO, call_store, call_store_shielded, within
from ..costs import unbilled, unbilled_error
from .budget import (
    BudgetExceededError,
    BudgetWindow,
    Refused,
    Reservation,
    make_reservation,
    to_dollars,
    to_nanodollars,
)

if TYPE_CHECKING:
    from .layer import BudgetLayer


AFTERWARDS = 1.0
"""Seconds that a store has at least when an answer is over, also where the deadline has passed."""


class Reserved:
    """The reservations of one call.

    The first is made before anything is sent. A retry after a request that may have been billed needs another one;
    after a refusal, the retry uses the same.
    """

    def __init__(
        self, layer: BudgetLayer, io: StoreIO, call: Call, accounts: Sequence[BudgetWindow], worst: Decimal
    ) -> None:
        self._layer = layer
        self._io = io
        self._call = call
        self._accounts = accounts
        self._worst = worst
        self._spent: list[Reservation] = []
        self._current: Reservation | None = None
        self._sent = False
        self._cancelled = False
        self._lock = threading.Lock()
        self._known = len(call.journal.attempts)

    async def reserve(self) -> None:
        """Sets aside what the call can cost at most.

        Raises:
            BudgetExceededError: if that is more than what is left of a budget.
        """
        left = self._left()
        reservation = make_reservation(self._accounts, to_nanodollars(self._worst), left)
        try:
            refused = await call_store(self._io, self._layer.store, within(left, self._open), reservation)
        except BaseException as error:
            if not isinstance(error, Exception):
                await call_store_shielded(self._io, self._layer.store, within(AFTERWARDS, self._cancel), reservation)
            raise
        if refused is not None:
            raise self._exceeded(*refused)
        self._current = reservation
        if not self._spent:
            self._call.journal.before_send.append(self._sending)

    def _open(self, reservation: Reservation) -> Refused | None:
        with self._lock:
            return None if self._cancelled else self._layer.open(reservation)

    def _cancel(self, reservation: Reservation) -> None:
        """The caller went away while this was being reserved, or before."""
        with self._lock:
            self._cancelled = True
            self._layer.cancel(reservation)

    async def _sending(self) -> None:
        """A request is about to leave."""
        if self._sent and self._current is not None and not self._was_free():
            self._spent.append(self._current)
            self._current = None
        if self._current is None:
            await self.reserve()
        self._sent, self._known = True, len(self._call.journal.attempts)

    def _was_free(self) -> bool:
        """Whether the provider refused the latest request, or never got it."""
        attempts = self._call.journal.attempts[self._known :]
        return bool(attempts) and all(map(unbilled, attempts))

    async def failed(self, error: BaseException) -> None:
        """No answer came: what may have been billed stays counted."""
        self.answered()
        free = (
            not self._sent or self._was_free() or (isinstance(error, CallError) and unbilled_error(self._call, error))
        )
        await self._finish(Decimal(0) if free else self._worst)

    async def handed_over(self) -> None:
        """A batch: what was reserved stays counted until its answers come."""
        self.answered()
        await self._finish(self._worst)

    async def ended(self, stream: Stream) -> None:
        """The answer is over. What was cut may have cost more than was reported: then what was reserved counts."""
        cost = stream.partial().cost
        billed = cost.amount if cost is not None and stream.complete else None
        await self._finish(self._worst if billed is None else billed)

    def answered(self) -> None:
        """No more requests leave for this call."""
        steps = self._call.journal.before_send
        if self._sending in steps:
            steps.remove(self._sending)

    async def _finish(self, spent: Decimal) -> None:
        left = self._left()
        limit = None if left is None else max(left, AFTERWARDS)
        ends = [(one, one.amount) for one in self._spent]
        ends += [(self._current, to_nanodollars(spent))] if self._current is not None else []
        self._spent, self._current = [], None
        for reservation, amount in ends:
            await call_store_shielded(
                self._io, self._layer.store, within(limit, self._layer.finish), reservation, amount
            )

    def _left(self) -> float | None:
        deadline = self._call.deadline
        return None if deadline is None else max(0.0, deadline - self._io.monotonic())

    def _exceeded(self, number: int, amount: int) -> BudgetExceededError:
        account, spent = self._accounts[number], to_dollars(amount)
        limit = to_dollars(account.limit)
        left, needed = max(limit - spent, Decimal(0)), f"${self._worst:f}" if self._worst else "any sum"
        return BudgetExceededError(
            f"the budget {spoken(account.name)!r} has ${left:f} left of ${limit:f}, and this call may cost {needed}: "
            "nothing was sent. Lower max_output_tokens, raise the budget, or wait for its next window.",
            budget=account.name,
            limit=limit,
            spent=spent,
            needed=self._worst,
        )


def spoken(account: str) -> str:
    """The name of an account as people read it: what is said of it, without the places where nothing is."""
    return " ".join(part for part in account.split("|") if part)
