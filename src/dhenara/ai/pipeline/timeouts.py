"""Patience: how long one attempt may take at each step, and which limit it was that passed."""

from __future__ import annotations

from collections.abc import Callable

from ..errors import CallTimeoutError
from ..types.timeouts import Limit, Timeouts

WHAT: dict[Limit, str] = {
    "connect": "no connection within {seconds:g} s",
    "first_token": "the answer did not begin within {seconds:g} s",
    "idle": "the answer paused for more than {seconds:g} s",
    "total": "the whole call took more than {seconds:g} s",
}
ADVICE: dict[Limit, str] = {
    "connect": "Check the address and the network, or raise Timeouts(connect=...).",
    "first_token": "The provider is slow to start; raise Timeouts(first_token=...).",
    "idle": "The provider stalled; raise Timeouts(idle=...).",
    "total": "Raise `timeout`, or ask for less.",
}


LONGEST = 1e8
"""Longer waits, which sockets refuse to hear of, have no end."""


EARLY = 0.02
"""Seconds by which the timer of a loop may be too early: uvloop counts in whole milliseconds."""


class TimeoutPolicy:
    """Born with one attempt. `deadline` is when the whole call must be over, on the same clock as `now`."""

    __slots__ = ("_deadline", "_now", "_received", "_sent_at", "_timeouts")

    def __init__(self, timeouts: Timeouts, deadline: float | None, now: Callable[[], float]) -> None:
        self._timeouts = timeouts
        self._deadline = deadline
        self._now = now
        self._sent_at = now()
        self._received = False

    def mark_started(self) -> None:
        """The answer has begun: from now on only pauses count."""
        self._received = True

    def connect(self) -> float | None:
        return self._capped(self._timeouts.connect)

    def read(self) -> float | None:
        if self._received:
            return self._capped(self._timeouts.idle)
        first = self._timeouts.first_token
        return self._capped(None if first is None else self._sent_at + first - self._now())

    def over(self) -> bool:
        """Whether a limit has passed, also where nobody would have to wait."""
        seconds = self.read()
        return seconds is not None and seconds <= 0

    def ended(self) -> bool:
        """Whether the time for the whole call is over."""
        return self._deadline is not None and self._now() >= self._deadline

    def total_error(self) -> CallTimeoutError | None:
        """The error for a call whose time is over; None as long as it is not."""
        return self.error(connecting=False) if self.ended() else None

    def error(self, *, connecting: bool) -> CallTimeoutError:
        """Which of the four limits passed."""
        limit = self._expired_limit(connecting=connecting)
        seconds = getattr(self._timeouts, limit)
        error = CallTimeoutError(WHAT[limit].format(seconds=seconds or 0), limit=limit)
        error.advice = ADVICE[limit]
        error.retriable = limit != "total"
        return error

    def _expired_limit(self, *, connecting: bool) -> Limit:
        if self._deadline is not None and self._now() + EARLY >= self._deadline:
            return "total"
        if connecting:
            return "connect"
        return "idle" if self._received else "first_token"

    def _capped(self, seconds: float | None) -> float | None:
        if self._deadline is not None:
            left = self._deadline - self._now()
            seconds = left if seconds is None else min(seconds, left)
        return None if seconds is None or seconds > LONGEST else max(0.0, seconds)
