"""Single flight: of equal calls at the same time, one is sent and the others wait for its answer."""

from __future__ import annotations

import threading

from dhenara.ai.dataclass import dataclass


@dataclass(slots=True, eq=False)
class InFlightCall:
    """One call on its way for several. `text` is its answer, if it got one that could be kept."""

    waiting: int = 0
    over: bool = False
    failed: bool = False
    text: str | None = None


class InFlightCalls:
    """The calls that are on their way in this process, by key; shared by its threads and event loops."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flights: dict[str, InFlightCall] = {}

    def join(self, key: str) -> tuple[InFlightCall, bool]:
        """The flight for this key, and whether you are the one to fly it."""
        with self._lock:
            in_flight = self._flights.get(key)
            if in_flight is not None:
                in_flight.waiting += 1
                return in_flight, False
            in_flight = self._flights[key] = InFlightCall()
            return in_flight, True

    def complete(self, key: str, in_flight: InFlightCall, text: str | None = None, *, failed: bool = False) -> None:
        """Tells those who wait. Without a text and not failed, the next of them flies."""
        with self._lock:
            if self._flights.get(key) is in_flight:
                del self._flights[key]
        in_flight.text, in_flight.failed = text, failed
        in_flight.over = True

    def detach(self, key: str, in_flight: InFlightCall) -> None:
        """Whoever flies this takes too long: those who come from now on do not wait for it."""
        with self._lock:
            if self._flights.get(key) is in_flight:
                del self._flights[key]
