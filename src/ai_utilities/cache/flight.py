"""Single flight: of equal calls at the same time, one is sent and the others wait for its answer."""

from __future__ import annotations

import threading

from dhenara.ai.dataclass import dataclass


@dataclass(slots=True, eq=False)
class Flight:
    """One call on its way for several. `text` is its answer, if it got one that could be kept."""

    waiting: int = 0
    over: bool = False
    failed: bool = False
    text: str | None = None


class Flights:
    """The calls that are on their way in this process, by key; shared by its threads and event loops."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flights: dict[str, Flight] = {}

    def join(self, key: str) -> tuple[Flight, bool]:
        """The flight for this key, and whether you are the one to fly it."""
        with self._lock:
            flight = self._flights.get(key)
            if flight is not None:
                flight.waiting += 1
                return flight, False
            flight = self._flights[key] = Flight()
            return flight, True

    def land(self, key: str, flight: Flight, text: str | None = None, *, failed: bool = False) -> None:
        """Tells those who wait. Without a text and not failed, the next of them flies."""
        with self._lock:
            if self._flights.get(key) is flight:
                del self._flights[key]
        flight.text, flight.failed = text, failed
        flight.over = True

    def overdue(self, key: str, flight: Flight) -> None:
        """Whoever flies this takes too long: those who come from now on do not wait for it."""
        with self._lock:
            if self._flights.get(key) is flight:
                del self._flights[key]
