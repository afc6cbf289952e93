"""Equal calls at the same time: one is sent, the others wait for its answer."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

from dhenara.ai.errors import CallTimeoutError
from dhenara.ai.types import Call

from ..storage.store_calls import StoreIO


@dataclass(slots=True, eq=False)
class InFlightCall:
    """One running call. `text` is its answer, if it can be cached."""

    waiting: int = 0
    over: bool = False
    failed: bool = False
    text: str | None = None


class InFlightCalls:
    """The running calls of this process by key, shared by threads and event loops."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flights: dict[str, InFlightCall] = {}

    def join(self, key: str) -> tuple[InFlightCall, bool]:
        """The running call for this key, and whether the caller has to send it."""
        with self._lock:
            in_flight = self._flights.get(key)
            if in_flight is not None:
                in_flight.waiting += 1
                return in_flight, False
            in_flight = self._flights[key] = InFlightCall()
            return in_flight, True

    def complete(self, key: str, in_flight: InFlightCall, text: str | None = None, *, failed: bool = False) -> None:
        """Notifies waiting calls. Without a text and not failed, the next of them is sent."""
        with self._lock:
            if self._flights.get(key) is in_flight:
                del self._flights[key]
        in_flight.text, in_flight.failed = text, failed
        in_flight.over = True

    def detach(self, key: str, in_flight: InFlightCall) -> None:
        """The call takes too long: new calls do not wait for it."""
        with self._lock:
            if self._flights.get(key) is in_flight:
                del self._flights[key]


SHORTEST, LONGEST = 0.001, 0.025
"""Seconds between two looks at whether the answer that others fetch is there."""

EACH = 0.0001
"""Seconds more for each caller who looks too, so that a thousand of them do not keep a processor busy."""


class WaitBudget:
    """How long one call has waited for others, and how long it still may."""

    def __init__(self, io: StoreIO, call: Call, lease: float) -> None:
        self._io = io
        self._total = call.config.timeouts.total
        self._began = io.monotonic()
        self._lease = lease
        self._until = self._began + lease
        self._pause = SHORTEST

    def is_over(self) -> bool:
        """Whether it is time to send the call oneself."""
        return self._io.monotonic() >= self._until

    def restart(self) -> None:
        self._until = self._io.monotonic() + self._lease

    def remaining_call(self, call: Call) -> Call:
        """The call with what is left of its time."""
        if self._total is None:
            return call
        at = self._began + self._total
        return replace(call, deadline=at if call.deadline is None else min(at, call.deadline))

    async def pause(self, others: int = 0) -> None:
        """A short pause, each a little longer than the one before, and long where many others look too."""
        if self._total is not None and self._io.monotonic() - self._began >= self._total:
            raise CallTimeoutError(
                f"an equal call that was already on its way took more than {self._total:g} s", limit="total"
            )
        await self._io.sleep(self._pause)
        self._pause = min(self._pause * 1.5, max(LONGEST, others * EACH))
