"""The queue of waiting calls in this process; the first one is notified when capacity becomes free."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ..storage.store_calls import WakeupEvent
from .window_state import Ask

Group = tuple[str, ...]
"""Callers with the same needs: while the first has to wait, the others have to as well."""


class WaitQueue:
    """The callers of one store, in order of arrival."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, dict[Group, dict[str, WakeupEvent]]] = {}

    @contextmanager
    def waiting(self, account: str, ask: Ask, event: WakeupEvent) -> Iterator[None]:
        """Within it, the bell rings when this caller is first and something has become free."""
        group, ticket = group_of(ask), ask["ticket"]
        with self._lock:
            self._waiting.setdefault(account, {}).setdefault(group, {})[ticket] = event
        try:
            yield
        finally:
            with self._lock:
                groups = self._waiting[account]
                del groups[group][ticket]
                if not groups[group]:
                    del groups[group]
                if not groups:
                    del self._waiting[account]

    def notify(self, account: str) -> None:
        """Notifies that capacity may be free; each caller that takes some notifies the next."""
        if account not in self._waiting:
            return
        with self._lock:
            groups = self._waiting.get(account, {}).values()
            first = [next(iter(events.values())) for events in groups]
        for event in first:
            event.set()


def group_of(ask: Ask) -> Group:
    named = (*ask["wants"], *ask["live"])
    return tuple(sorted([*(want["bucket"] for want in named), *(lane["lane"] for lane in ask["lanes"])]))
