"""Single flight: of equal concurrent calls, one is sent and the others wait for its answer."""

from __future__ import annotations

import threading

from dhenara.ai.dataclass import dataclass


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
