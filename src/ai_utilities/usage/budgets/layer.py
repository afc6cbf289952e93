"""The budget layer: reserves the most that a call or batch can cost, and settles it when the cost is known."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, TypeVar, cast

from dhenara.ai import Layer, Send, Stream, Target
from dhenara.ai.catalog import EndpointFacts, EndpointPrices, price_usage
from dhenara.ai.integration import require_type
from dhenara.ai.types import BatchItemContext, BatchRequest, Call, Usage

from ...exceptions import JsonObject
from ...storage.store_io import FileStep, StoreError, StoreIO, call_store, call_store_shielded
from ..data import tags_now
from ..estimates import MEDIA_TOKENS, UNCHARGED_OPERATIONS, estimate_tokens
from .budget import (
    Budget,
    BudgetStore,
    BudgetWindow,
    Refused,
    Reservation,
    UnknownCostError,
    to_dollars,
    to_nanodollars,
)
from .cost_upper_bound import cost_upper_bound, upper_bound_for
from .early_warning import BudgetAlerts, BudgetForecast, forecast
from .request_terms import read_references
from .reservations import CallReservations, MemoryBudgets, item_cost

if TYPE_CHECKING:
    from .sqlite import SQLiteBudgets

log = logging.getLogger("ai_utilities.usage")
T = TypeVar("T")

USUAL_OPTIONS = {"size": "1024x1024", "quality": "standard"}
"""Options of images that have a price, if a model has one."""

LIMITS = {
    "chat": "Set max_output_tokens (max_tokens in the kit), and max_uses of WebSearch; leave out other tools that the "
    "provider runs",
    "image": "Set max_output_tokens, or choose a size and quality that have a price",
    "ocr": "Name the pages: pages=[0, 1]; or install dhenara[pdf], which counts those of PDF files",
    "rerank": "Shorten the query, or set cost_data of the endpoint",
    "speak": "Set cost_data of the endpoint",
    "transcribe": "Send WAV, FLAC or Ogg, whose length is known, or set cost_data of the endpoint",
}
"""What to do where a price is known, but not how much is used, by operation."""

TOKEN_STEP = 64
"""Tokens to whose multiples the prompts of a batch are rounded up, so that few prices have to be computed."""

YIELD_EVERY = 64
"""Bodies of a batch that are estimated before other tasks may run."""

SETTLED_DAYS = 62
"""Days for which a store remembers that a batch was settled."""

RESERVATION_KEY = "budget"
"""The key of the reservation in the stored data of a batch."""

Record = JsonObject
"""The stored reservation of a batch, as JSON."""


def batch_request_of(call: Call) -> BatchRequest | None:
    """The request of a call that submits a batch; None for other calls."""
    request = call.request
    return request if isinstance(request, BatchRequest) and request.action == "create" else None


async def batch_upper_bound(
    io: StoreIO, request: BatchRequest, target: Target, upper_bound: Callable[[Call, int, bool], Decimal | None]
) -> Decimal | None:
    """The most that all calls of a batch can cost.

    Args:
        io: The IO of the call.
        request: The batch.
        target: The endpoint.
        upper_bound: The most that a call with a prompt of so many tokens can cost, and of files that are only named.

    Returns:
        US dollars at the price of batches; None if unknown.
    """
    prices: dict[tuple[int, bool], Decimal | None] = {}
    total = Decimal(0)
    for number, body in enumerate(request.bodies):
        if number % YIELD_EVERY == 0:
            await io.sleep(0)
        content = json.loads(body)
        references = read_references(content)
        named = MEDIA_TOKENS * references.count("image")
        read = -(-(estimate_tokens(content).most + named) // TOKEN_STEP) * TOKEN_STEP
        kind = read, "file" in references
        if kind not in prices:
            prices[kind] = upper_bound(request.sample_call, *kind)
        most = prices[kind]
        if most is None:
            return None
        total += most
    return total * Decimal(target.price_share)


def reservation_record(windows: Sequence[BudgetWindow], reserved: Decimal, calls: int) -> Record:
    """The reservation of a batch, as it is stored until the answers are read."""
    named = [[window.name, window.limit, window.expires] for window in windows]
    return {"accounts": named, "reserved": to_nanodollars(reserved), "calls": calls}


def windows_of(record: Record) -> list[BudgetWindow]:
    """The windows of a stored reservation."""
    return [BudgetWindow(name, limit, expires) for name, limit, expires in record["accounts"]]


def item_share(record: Record, index: int) -> int:
    """The part of the reservation for one call; all parts together are the reserved amount."""
    reserved, calls = record["reserved"], record["calls"]
    return reserved * (index + 1) // calls - reserved * index // calls if index < calls else 0


def settlement_window(item: BatchItemContext, now: float) -> BudgetWindow:
    """A window with room for one settlement, so that reading a batch again settles nothing."""
    return BudgetWindow(f"settled|{item.job.batch_id}", 1, now + SETTLED_DAYS * 86_400)


class BudgetLayer:
    """Enforces budgets. Put it into `layers` after the cache, so that cached answers are free.

    If the store fails, the call fails: no money is spent that is not counted.

    Args:
        *budgets: The budgets.
        store: Where they are counted; None counts in memory.
        tags: Added to the tags of every call, besides those of `tagged(...)`.
    """

    def __init__(
        self, *budgets: Budget, store: BudgetStore | None = None, tags: Mapping[str, str] | None = None
    ) -> None:
        self.budgets = budgets
        self.store = store or MemoryBudgets()
        require_type(type(self).__name__, "tags", tags, (Mapping, NoneType), "a mapping of tags or None")
        self.tags = dict(tags or {})
        self.shared_file: Path | None = None
        """The SQLite file of the limits, if it is also that of the budgets: both are then written together."""

        self._waiting: dict[str, tuple[Reservation, int]] = {}
        self.reported: set[str] = set()
        """Alerts that were reported, by this process or another one."""

    def bind(self, io: StoreIO, target: Target) -> Layer:
        """Returns the layer for one endpoint; called once for each, in sync or async code.

        Args:
            io: Clock, sleep and threads of the client.
            target: The endpoint.
        """
        return BoundBudget(self, io, target).reserve_budget

    def settle(self, windows: Sequence[BudgetWindow], difference: int) -> None:
        """Settles a batch. If the store fails, the answer is not lost, and the reservation stays counted as spent.

        Args:
            windows: The budgets, each in one window.
            difference: The difference of the real cost and the reserved amount, in billionths of a dollar.
        """
        try:
            self.store.settle(windows, difference)
        except StoreError:
            log.exception("cannot settle a budget; the reserved amount stays counted as spent")

    def finish(self, reservation: Reservation, spent: int) -> None:
        """Finishes a reservation. If the store fails, it is finished when the store works again.

        Args:
            reservation: The reservation.
            spent: The real cost, in billionths of a dollar.
        """
        try:
            self.store.finish(reservation, spent)
        except StoreError as error:
            self._waiting[reservation.key] = (reservation, spent)
            log.warning("a budget is settled later; until then, the reserved amount stays counted as spent: %s", error)

    def open(self, reservation: Reservation, step: FileStep[T] | None = None) -> tuple[Refused | None, T | None]:
        """Reserves. Before that, it finishes reservations that could not be finished earlier.

        Args:
            reservation: The reservation.
            step: What else is done in the same transaction. Default None: nothing.

        Returns:
            The window that would be exceeded, or None; and the result of `step`.
        """
        if self._waiting:
            # A store that did not answer may have finished them.
            known = {known_reservation.key for known_reservation in self.store.reservations()}
            for key in list(self._waiting):
                late = self._waiting.pop(key, None)
                if late is not None and key in known:
                    self.finish(*late)
        if step is None:
            return self.store.open(reservation), None
        return cast("SQLiteBudgets", self.store).open_with(reservation, step)

    def cancel(self, reservation: Reservation) -> None:
        """Releases the reservation of a cancelled call.

        Args:
            reservation: The reservation.
        """
        try:
            if any(stored.key == reservation.key for stored in self.store.reservations()):
                self.store.finish(reservation, 0)
        except StoreError:
            log.exception("a reservation could not be released; it stays counted until it is closed")

    def remaining(self, budget: Budget, now: float, **tags: str) -> Decimal:
        """What is left of a budget, in US dollars.

        Args:
            budget: The budget.
            now: The time in Unix seconds.
            **tags: The tags of a call, for budgets with `per`.

        Raises:
            StoreError: If the store cannot be used.
        """
        window = budget.window_at({**self.tags, **tags}, now)
        return to_dollars(window.limit - self.store.spent(window))

    def forecast(self, budget: Budget, now: float | None = None, **tags: str) -> BudgetForecast:
        """What will probably be spent of a budget at the end of its window.

        Args:
            budget: The budget.
            now: The time in Unix seconds; None for the current time.
            **tags: The tags of a call, for budgets with `per`.

        Raises:
            StoreError: If the store cannot be used.
        """
        at = time.time() if now is None else now
        window = budget.window_at({**self.tags, **tags}, at)
        return forecast(budget, to_dollars(self.store.spent(window)), at)


class BoundBudget:
    """The budget layer of one endpoint, in sync or async code."""

    def __init__(self, layer: BudgetLayer, io: StoreIO, target: Target) -> None:
        self._layer = layer
        self._io = io
        self._target = target
        self._prices: EndpointPrices | None = None
        self._facts = EndpointFacts()

    async def reserve_budget(self, call: Call, send: Send) -> Stream:
        """Reserves the most that the call can cost, and settles it."""
        if isinstance(call.request, BatchItemContext):
            await self._settle_item(call.request)
            return await send(call)
        submitted = batch_request_of(call)
        if call.operation in UNCHARGED_OPERATIONS and submitted is None:
            return await send(call)
        tags = {**self._layer.tags, **tags_now(call)}
        budgets = [budget for budget in self._layer.budgets if budget.applies_to(tags)]
        if not budgets:
            return await send(call)
        upper_bound = await self._upper_bound(call, submitted)
        if upper_bound is None:
            refuse_unknown(call, budgets)
        windows = [budget.window_at(tags, self._io.time()) for budget in budgets]
        alerts = BudgetAlerts(self._layer, self._io, budgets, windows)
        reserved = CallReservations(self._layer, self._io, call, windows, upper_bound, alerts)
        try:
            stream = await reserved.begin(send)
        except BaseException as error:
            await reserved.failed(error)
            raise
        if submitted is not None:
            call.journal.layer_data[RESERVATION_KEY] = reservation_record(
                windows, upper_bound or Decimal(0), sum(1 for _ in submitted.bodies)
            )
            await reserved.handed_over()
            return stream
        reserved.answered()
        stream.on_end(reserved.ended)
        return stream

    async def _upper_bound(self, call: Call, submitted: BatchRequest | None) -> Decimal | None:
        if submitted is None:
            exchange, prices = await self._target.exchange(call), self._prices
            if prices is None or prices.endpoint is not exchange.call.endpoint:
                self._prices = prices = EndpointPrices(exchange.call.endpoint, self._target.base_url)
            return cost_upper_bound(exchange, prices, self._facts)
        return await batch_upper_bound(self._io, submitted, self._target, partial(upper_bound_for, self._target))

    async def _settle_item(self, item: BatchItemContext) -> None:
        """Settles the reservation of a batch with its last item, unless another reader has done so.

        Until then all of it stays counted, since a batch that was read in part may be read again.
        """
        record, store = item.job.layer_data.get(RESERVATION_KEY), self._layer.store
        if record is None:
            return
        differences: dict[int, int] = item.shared.setdefault("differences", {})
        spent = item_cost(item)
        differences[item.index] = 0 if spent is None else spent - item_share(record, item.index)
        if len(differences) < record["calls"]:
            return
        once = [settlement_window(item, self._io.time())]
        if await call_store(self._io, store, store.reserve, once, 1) is None:
            difference = sum(differences.values())
            await call_store_shielded(self._io, store, self._layer.settle, windows_of(record), difference)


def refuse_unknown(call: Call, budgets: Sequence[Budget]) -> None:
    """Raises an error if one of the budgets refuses calls of unknown cost.

    Raises:
        UnknownCostError: If one does.
    """
    if all(budget.unknown != "refuse" for budget in budgets):
        return
    endpoint = call.endpoint
    cost = price_usage(endpoint, Usage(input_tokens=1, output_tokens=1, options=USUAL_OPTIONS))
    if cost.amount is None and cost.priced_as is None:
        why = f"{cost.reason}."
    else:
        why = f"nothing limits what it may use. {LIMITS.get(call.operation, LIMITS['chat'])}."
    raise UnknownCostError(
        f"{endpoint.api.provider} ({endpoint.ai_model.model_name}): a budget applies to this call, and the most that "
        f"it can cost is not known: {why} Or allow such calls with Budget(unknown='allow'), which is "
        "AI_BUDGET_UNKNOWN=allow."
    )
