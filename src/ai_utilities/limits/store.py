"""The interface of rate-limit stores, the store in memory, and the queue of waiting calls of one process."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Self

from ..storage.process import steady
from ..storage.store_calls import WakeupEvent
from .window_state import NEVER_LONGER, Account, Ask, apply_step, new_state

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


class LimitStore(ABC):
    """Base class of stores. All users of a store share its limits. `account` is a name without secrets."""

    blocking: ClassVar[bool] = True
    poll_interval: ClassVar[float] = NEVER_LONGER
    """Seconds between two questions of a waiting caller, at most: what other processes do, nobody tells."""

    line: WaitQueue

    def __new__(cls, *_: Any, **__: Any) -> Self:
        store = super().__new__(cls)  # here, so that a store of one's own need not call any __init__
        store.line = WaitQueue()
        return store

    @abstractmethod
    def step(self, account: str, step: str, ask: Ask) -> dict[str, Any]:
        """Takes one step of `window_state`, exclusively."""

    def close(self) -> None:  # noqa: B027  # a memory holds nothing open
        """Closes files and connections."""


class MemoryLimits(LimitStore):
    """Limits in memory, for the threads and event loops of one process."""

    blocking: ClassVar[bool] = False
    poll_interval: ClassVar[float] = 60.0

    def __init__(self, clock: Callable[[], float] = steady) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._accounts: dict[str, Account] = {}

    def step(self, account: str, step: str, ask: Ask) -> dict[str, Any]:
        with self._lock:
            return apply_step(self._accounts.setdefault(account, new_state()), step, ask, self._clock())
