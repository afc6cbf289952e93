"""The reservations of one call, one for each request that may be billed, and budgets in memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import ClassVar, Protocol, TypeVar, cast

from dhenara.ai import Stream
from dhenara.ai.errors import CallError
from dhenara.ai.types import BatchItemContext, Call

from ...storage.store_io import (
    AFTERWARDS,
    FileStep,
    StoreIO,
    call_seconds_left,
    call_store,
    call_store_shielded,
    send_sharing,
    within,
)
from ..estimates import unbilled, unbilled_error
from .budget import (
    BudgetExceededError,
    BudgetStore,
    BudgetWindow,
    Refused,
    Reservation,
    display_name,
    make_reservation,
    to_dollars,
    to_nanodollars,
)
from .early_warning import BudgetAlerts

T = TypeVar("T")


class ReservationStore(Protocol):
    """The methods of the budget layer that reserve and settle."""

    @property
    def store(self) -> BudgetStore: ...

    @property
    def shared_file(self) -> Path | None: ...

    def open(self, reservation: Reservation, step: FileStep[T] | None) -> tuple[Refused | None, T | None]: ...

    def finish(self, reservation: Reservation, spent: int) -> None: ...

    def cancel(self, reservation: Reservation) -> None: ...


class CallReservations:
    """The reservations of one call.

    The first is made before anything is sent. A retry after a request that may have been billed needs another one;
    after a rejected request, the retry uses the same.

    Args:
        layer: Reserves and settles.
        io: The IO of the call.
        call: The call.
        windows: The budgets that apply to the call, each in one window.
        upper_bound: The most that the call can cost, in US dollars. None if unknown: it is sent if anything is left.
        alerts: Reports thresholds of the budgets that are reached.
    """

    def __init__(
        self,
        layer: ReservationStore,
        io: StoreIO,
        call: Call,
        windows: Sequence[BudgetWindow],
        upper_bound: Decimal | None,
        alerts: BudgetAlerts,
    ) -> None:
        self._layer = layer
        self._io = io
        self._call = call
        self._windows = windows
        self._upper_bound = upper_bound or Decimal(0)
        self._reserved = to_nanodollars(self._upper_bound) if upper_bound is not None else 1
        self._alerts = alerts
        self._spent: list[Reservation] = []
        self._current: Reservation | None = None
        self._sent = False
        self._cancelled = False
        self._lock = threading.Lock()
        self._known = len(call.journal.attempts)
        self._waits = layer.shared_file is not None

    async def begin(self, send: Callable[[Call], Awaitable[Stream]]) -> Stream:
        """Reserves and sends the call. Where its limits are in the same file, their layer reserves when it takes them.

        Args:
            send: Sends the call.
        """
        self._call.journal.before_send.append(self._sending)
        if self._waits:
            return await send_sharing(self._call, self, send)
        await self.reserve()
        return await send(self._call)

    @property
    def shared_file(self) -> Path | None:
        """The file with the limits of the call, while the reservation waits for them."""
        return self._layer.shared_file if self._waits else None

    async def write_with(self, step: FileStep[T]) -> T:
        """Reserves, with something else in the same transaction.

        Args:
            step: What else is done.

        Raises:
            BudgetExceededError: If the most that the call can cost is more than what is left of a budget.
        """
        return cast("T", await self.reserve(step))

    async def reserve(self, step: FileStep[T] | None = None) -> T | None:
        """Reserves the most that the call can cost.

        Args:
            step: What else is done in the same transaction. Default None: nothing.

        Returns:
            The result of `step`.

        Raises:
            BudgetExceededError: If that is more than what is left of a budget.
            StoreError: If the store cannot be used.
        """
        self._waits = False
        left = self._left()
        reservation = make_reservation(self._windows, self._reserved, left)
        try:
            refused, made = await call_store(self._io, self._layer.store, within(left, self._open), reservation, step)
        except BaseException as error:
            if not isinstance(error, Exception):
                await call_store_shielded(self._io, self._layer.store, within(AFTERWARDS, self._cancel), reservation)
            raise
        if refused is not None:
            await self._alerts.check(self._windows[refused[0]])
            raise self._exceeded(*refused)
        self._current = reservation
        await self._alerts.check()
        return made

    def _open(self, reservation: Reservation, step: FileStep[T] | None) -> tuple[Refused | None, T | None]:
        with self._lock:
            return (None, None) if self._cancelled else self._layer.open(reservation, step)

    def _cancel(self, reservation: Reservation) -> None:
        """Releases the reservation of a cancelled call, or prevents it if it was not made yet."""
        with self._lock:
            self._cancelled = True
            self._layer.cancel(reservation)

    async def _sending(self) -> None:
        """Called before each request: makes another reservation if the previous request may have been billed."""
        if self._sent and self._current is not None and not self._was_free():
            self._spent.append(self._current)
            self._current = None
        if self._current is None:
            await self.reserve()
        self._sent, self._known = True, len(self._call.journal.attempts)

    def _was_free(self) -> bool:
        """Whether the provider rejected the latest request, or did not receive it."""
        attempts = self._call.journal.attempts[self._known :]
        return bool(attempts) and all(map(unbilled, attempts))

    async def failed(self, error: BaseException) -> None:
        """Settles after an error: the reserved amount stays counted, unless nothing can have been billed."""
        self.answered()
        free = (
            not self._sent or self._was_free() or (isinstance(error, CallError) and unbilled_error(self._call, error))
        )
        await self._finish(Decimal(0) if free else self._upper_bound)

    async def handed_over(self) -> None:
        """Settles a submitted batch: the reserved amount stays counted until its answers are read."""
        self.answered()
        await self._finish(self._upper_bound)

    async def ended(self, stream: Stream) -> None:
        """Settles after an answer. One that broke off may have cost more than reported: the reserved amount counts."""
        cost = stream.partial().cost
        billed = cost.amount if stream.complete else None
        await self._finish(self._upper_bound if billed is None else billed)

    def answered(self) -> None:
        """Called when no more requests are sent for this call."""
        steps = self._call.journal.before_send
        if self._sending in steps:
            steps.remove(self._sending)

    async def _finish(self, spent: Decimal) -> None:
        ends = [(reservation, reservation.amount) for reservation in self._spent]
        ends += [(self._current, to_nanodollars(spent))] if self._current is not None else []
        self._spent, self._current = [], None
        for reservation, amount in ends:
            if self._alerts.are_watched or not self._layer.store.finish_later(reservation, amount):
                left = self._left()
                finish = within(None if left is None else max(left, AFTERWARDS), self._layer.finish)
                await call_store_shielded(self._io, self._layer.store, finish, reservation, amount)
        if ends:
            await self._alerts.check()

    def _left(self) -> float | None:
        return call_seconds_left(self._io, self._call)

    def _exceeded(self, number: int, amount: int) -> BudgetExceededError:
        window, spent = self._windows[number], to_dollars(amount)
        limit = to_dollars(window.limit)
        left, needed = max(limit - spent, Decimal(0)), f"${self._upper_bound:f}" if self._upper_bound else "any amount"
        name = display_name(window.name).removeprefix("budget ")
        return BudgetExceededError(
            f"the budget ({name}) has ${left:f} left of ${limit:f}, and this call may cost "
            f"{needed}: nothing was sent. Set or lower max_output_tokens (max_tokens in the kit), raise the budget, "
            "or wait for its next window.",
            budget=window.name,
            limit=limit,
            spent=spent,
            needed=self._upper_bound,
        )


def item_cost(item: BatchItemContext) -> int | None:
    """The cost of one item; None if unknown, so that its part of the reservation stays counted."""
    if item.response is None:
        return 0
    cost = item.response.cost
    return None if cost.amount is None else to_nanodollars(cost.amount)


class MemoryBudgets(BudgetStore):
    """Budgets in memory, for one process."""

    blocking: ClassVar[bool] = False

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spent: dict[str, int] = {}
        self._open: dict[str, Reservation] = {}
        self._expires: dict[str, float] = {}

    def reserve(self, windows: Sequence[BudgetWindow], amount: int) -> Refused | None:
        with self._lock:
            for number, window in enumerate(windows):
                spent = self._spent.get(window.name, 0)
                if spent + amount > window.limit:
                    return number, spent
            for window in windows:
                self._add(window, amount)
        return None

    def settle(self, windows: Sequence[BudgetWindow], difference: int) -> None:
        with self._lock:
            for window in windows:
                self._add(window, difference)

    def spent(self, window: BudgetWindow) -> int:
        return self._spent.get(window.name, 0)

    def open(self, reservation: Reservation) -> Refused | None:
        refused = self.reserve(reservation.windows, reservation.amount)
        if refused is None:
            self._open[reservation.key] = reservation
        return refused

    def finish(self, reservation: Reservation, spent: int) -> None:
        known = self._open.pop(reservation.key, None) is not None
        self.settle(reservation.windows, spent - reservation.amount if known else spent)

    def reservations(self) -> list[Reservation]:
        return list(self._open.values())

    def _add(self, window: BudgetWindow, amount: int) -> None:
        if window.name not in self._spent:
            self._drop_expired()
            if window.expires is not None:
                self._expires[window.name] = window.expires
        self._spent[window.name] = self._spent.get(window.name, 0) + amount

    def _drop_expired(self) -> None:
        """Deletes windows that ended long ago."""
        now = time.time()
        for name in [name for name, at in self._expires.items() if at < now]:
            del self._expires[name], self._spent[name]
