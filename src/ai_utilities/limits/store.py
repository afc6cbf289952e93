"""The interface of rate-limit stores: one account per key, and one step at a time on each."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, Self

from ..storage.steady_clock import steady
from .wait_queue import WaitQueue
from .window_state import NEVER_LONGER, Account, Ask, apply_step, new_state


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
