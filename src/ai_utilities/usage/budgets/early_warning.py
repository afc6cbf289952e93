"""Early warning of budgets: alerts, each reported once per window by one process, and forecasts of a window."""

from __future__ import annotations

import asyncio
import inspect
import logging
import threading
from collections.abc import Awaitable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Protocol

from dhenara.ai.integration import ShortRepr, Shown

from ...config.secrets import redact
from ...storage.store_io import StoreIO, call_store
from ..amounts import BudgetAlert, window_bounds
from .budget import Budget, BudgetStore, BudgetWindow, display_name, to_dollars

log = logging.getLogger("ai_utilities.usage")
WHOLE = Decimal(1)
MOST_REMEMBERED = 10_000
"""Reported thresholds that a layer remembers, so that it asks the store no more about them."""


class AlertingLayer(Protocol):
    """The parts of the budget layer that alerts use."""

    reported: set[str]

    @property
    def store(self) -> BudgetStore: ...


class BudgetAlerts:
    """The alerts of one call.

    Args:
        layer: The budget layer.
        io: The IO of the call.
        budgets: The budgets of the call.
        windows: The window of each.
    """

    def __init__(
        self, layer: AlertingLayer, io: StoreIO, budgets: Sequence[Budget], windows: Sequence[BudgetWindow]
    ) -> None:
        self._layer = layer
        self._io = io
        self._watched = [pair for pair in zip(budgets, windows, strict=True) if pair[0].alerts]

    @property
    def are_watched(self) -> bool:
        """Whether a budget of the call has alerts."""
        return bool(self._watched)

    async def check(self, refused: BudgetWindow | None = None) -> None:
        """Reports the thresholds that are reached. Nothing that fails here fails the call.

        Args:
            refused: The window that had no room for the call; its thresholds from 1 on count as reached.
        """
        for budget, window in self._watched:
            try:
                await self._check(budget, window, refused=refused is window)
            except Exception:  # callbacks of users may raise anything, and no answer is lost for an alert
                log.exception("an alert of the budget %r failed", display_name(window.name))

    async def _check(self, budget: Budget, window: BudgetWindow, *, refused: bool) -> None:
        waiting = {threshold: alert_window(window, threshold) for threshold in budget.thresholds}
        waiting = {threshold: flag for threshold, flag in waiting.items() if flag.name not in self._layer.reported}
        if not waiting:
            return
        store = self._layer.store
        spent = await call_store(self._io, store, store.spent, window)
        for threshold, flag in waiting.items():
            if spent < window.limit * threshold and not (refused and threshold >= WHOLE):
                continue
            first = await call_store(self._io, store, store.reserve, [flag], 1) is None
            if len(self._layer.reported) >= MOST_REMEMBERED:
                self._layer.reported.clear()
            self._layer.reported.add(flag.name)
            if first:
                name, limit = display_name(window.name), to_dollars(window.limit)
                await self._report(budget, BudgetAlert(name, threshold, limit, to_dollars(spent), refused))

    async def _report(self, budget: Budget, alert: BudgetAlert) -> None:
        callback = budget.on_alert
        log.log(logging.WARNING if callback is None else logging.INFO, "%s", redact(str(alert)))
        if callback is None:
            return
        is_async = inspect.iscoroutinefunction(callback)
        result = callback(alert) if is_async else await self._io.call(callback, alert)
        if not inspect.isawaitable(result):
            return
        if await self._io.call(threading.get_ident) != threading.get_ident():
            await result  # async code calls functions in other threads
        else:
            await_in_thread(result)


def alert_window(window: BudgetWindow, threshold: Decimal) -> BudgetWindow:
    """The window that has room for one report of a threshold."""
    return BudgetWindow(f"alert|{window.name}|{threshold.normalize():f}", 1, window.expires)


def await_in_thread(result: Awaitable[object]) -> None:
    """Awaits the result of an async callback of a sync client, in an event loop of a thread."""

    async def wait() -> None:
        await result

    with ThreadPoolExecutor(1) as threads:
        threads.submit(asyncio.run, wait()).result()


LEAST_SHARE = 0.1
"""The part of a window that must have passed before a forecast is made."""

METHOD = "spent so far, divided by the part of the window that has passed"


@dataclass(frozen=True, slots=True, repr=False)
class BudgetForecast(ShortRepr):
    """What will probably be spent of a budget.

    The forecast is linear: what is spent so far, divided by the part of the window that has passed. It is unknown
    (None) for windows without an end, before a tenth of the window has passed, and while nothing is spent.

    Attributes:
        limit: The limit in US dollars.
        spent: What is spent or reserved, in US dollars.
        expected: What will be spent at the end of the window, in US dollars; None if unknown.
        reason: Why it is unknown; None if it is known.
        begins: The start of the window; None for `total`.
        ends: Its end; None for `total`.
        exhausted_at: When the limit will be reached, if that is within the window; None otherwise.
    """

    limit: Decimal
    spent: Decimal
    expected: Decimal | None = None
    reason: str | None = None
    begins: datetime | None = None
    ends: datetime | None = None
    exhausted_at: datetime | None = None

    def _shown(self) -> Shown:
        names = ("limit", "spent", "expected", "reason", "ends", "exhausted_at")
        return ((name, value) for name in names if (value := getattr(self, name)) is not None)

    @property
    def exceeds(self) -> bool | None:
        """Whether more than the limit will be spent; None if unknown."""
        return None if self.expected is None else self.expected > self.limit


def forecast(budget: Budget, spent: Decimal, now: float) -> BudgetForecast:
    """Forecasts what will be spent at the end of the window.

    Args:
        budget: The budget.
        spent: What is spent so far, in US dollars.
        now: The time in Unix seconds.
    """
    bounds = window_bounds(budget.window, datetime.fromtimestamp(now, UTC))
    if bounds is None:
        return BudgetForecast(budget.amount, spent, reason="the window has no end")
    begins, ends = bounds
    share = (now - begins.timestamp()) / (ends - begins).total_seconds()
    known = BudgetForecast(budget.amount, spent, begins=begins, ends=ends)
    if share < LEAST_SHARE:
        return with_reason(known, "less than a tenth of the window has passed")
    if not spent:
        return with_reason(known, "nothing is spent yet")
    expected = (spent / Decimal(str(share))).quantize(Decimal("1E-9"))
    exhausted = None
    if expected > budget.amount:
        seconds = (now - begins.timestamp()) * float(budget.amount / spent)
        exhausted = begins + timedelta(seconds=seconds)
    return BudgetForecast(budget.amount, spent, expected, None, begins, ends, exhausted)


def with_reason(known: BudgetForecast, reason: str) -> BudgetForecast:
    """A forecast that is unknown for a reason."""
    return BudgetForecast(known.limit, known.spent, None, reason, known.begins, known.ends)
