"""Timeouts of one attempt, and which of the four limits expired."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..errors import CallTimeoutError
from ..io.protocol import IO
from ..types.config.call import Call
from ..types.config.call_policies import Limit, Timeouts

WHAT: dict[Limit, str] = {
    "connect": "no connection within {seconds:g} s",
    "first_token": "the answer did not begin within {seconds:g} s",
    "idle": "the answer paused for more than {seconds:g} s",
    "total": "the whole call took more than {seconds:g} s",
}
ADVICE: dict[Limit, str] = {
    "connect": "Check the URL and the network, or raise Timeouts(connect=...).",
    "first_token": "The provider is slow to start; raise Timeouts(first_token=...).",
    "idle": "The provider stalled; raise Timeouts(idle=...).",
    "total": "Raise `timeout`, or request a shorter response.",
}


LONGEST = 1e8
"""Waits above this have no timeout, because sockets reject such values."""


EARLY = 0.02
"""Seconds by which an event loop timer may fire early; uvloop counts whole milliseconds."""


END_OF_BODY = 0.5
"""Seconds for the end of the body after the end marker of the protocol. Some servers never send it; if it comes, the
connection can be used again.
"""


class TimeoutPolicy:
    """Timeouts of one attempt, created when it starts.

    `deadline` is the end of the whole call, on the clock of `now`.
    """

    __slots__ = ("_deadline", "_idle", "_now", "_received", "_timeouts", "_until")

    def __init__(self, timeouts: Timeouts, deadline: float | None, now: Callable[[], float]) -> None:
        self._timeouts = timeouts
        self._deadline = deadline
        self._now = now
        self._received = False
        self._idle: float | None = None
        self._until = deadline
        """The moment at which every read that waits now has to be over."""
        if timeouts.first_token is not None:
            begins = now() + timeouts.first_token
            self._until = begins if deadline is None else min(begins, deadline)

    def mark_started(self) -> None:
        """Mark the response as started: from now on only the idle timeout applies."""
        self._received = True
        self._idle = self._timeouts.idle
        self._until = self._deadline

    def mark_complete(self) -> None:
        """Mark the response as complete: only the end of its body, without content, is missing."""
        self.mark_started()
        self._idle = END_OF_BODY if self._idle is None else min(self._idle, END_OF_BODY)

    def connect(self) -> float | None:
        return self._capped(self._timeouts.connect, self._deadline)

    def read(self) -> float | None:
        until = self._until
        if until is not None and not self._received:
            left = until - self._now()
            return None if left > LONGEST else max(0.0, left)
        return self._capped(self._idle, until)

    def over(self) -> bool:
        """Return whether a timeout has expired, even if no wait is needed."""
        return self._until is not None and self._now() >= self._until

    def total_check(self) -> Callable[[], CallTimeoutError | None] | None:
        """Return a function that checks the total timeout; None if there is none."""
        return None if self._deadline is None else self.total_error

    def total_error(self) -> CallTimeoutError | None:
        """Return the error if the total timeout has expired, else None."""
        if self._deadline is None or self._now() < self._deadline:
            return None
        return self.error(connecting=False)

    def error(self, *, connecting: bool) -> CallTimeoutError:
        """Return the error for the timeout that expired."""
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

    def _capped(self, seconds: float | None, until: float | None) -> float | None:
        """Return the seconds, at most those until then; None without a limit."""
        if until is not None:
            left = until - self._now()
            seconds = left if seconds is None or left < seconds else seconds
        if seconds is None or seconds > LONGEST:
            return None
        return seconds if seconds > 0 else 0.0


def with_deadline(call: Call, io: IO) -> Call:
    """Return the call with the deadline that its `total` timeout sets for all attempts; an earlier deadline stays."""
    total = call.config.timeouts.total
    if total is None:
        return call
    at = io.monotonic() + total
    return replace(call, deadline=at if call.deadline is None else min(at, call.deadline))
