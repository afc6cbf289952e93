"""Alerts of budgets: each threshold is reported once per window, by the process that crosses it first.

That a threshold was reported is a window of its own with room for one reservation, so every store decides it
atomically, and across processes.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import threading
from collections.abc import Awaitable, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Protocol

from ...config_secrets import redact
from ...storage.store_calls import StoreIO, call_store
from .budget import Budget, BudgetStore, BudgetWindow, display_name, to_dollars
from .thresholds import BudgetAlert

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

    async def check(self, refused: BudgetWindow | None = None) -> None:
        """Reports the thresholds that are reached. Nothing that fails here fails the call.

        Args:
            refused: The window that had no room for the call; its thresholds from 1 on count as reached.
        """
        for budget, window in self._watched:
            try:
                await self._check(budget, window, refused=refused is window)
            except Exception:
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
