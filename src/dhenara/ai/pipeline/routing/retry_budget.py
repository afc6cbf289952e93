"""Retry budget of the process: repeated requests are a share of the live ones, so that outages cause no storm.

As in Envoy: at any moment, at most a share of the calls that are running may be repeating a request, and always a few.
A first request to another deployment that is available is no repetition: it adds no load to what fails.
"""

from __future__ import annotations

from ...io.locks import new_lock

SHARE = 0.2
"""Share of the live calls that may be retries at the same time."""

ALWAYS = 10
"""Retries that may always run at the same time."""


class RetryBudget:
    """Counts live calls and retries of routes.

    Args:
        share: Share of the live calls that may be retries.
        always: Retries that are always allowed.
    """

    def __init__(self, share: float = SHARE, always: int = ALWAYS) -> None:
        self.share = share
        self.always = always
        self.live = 0
        self.retrying = 0
        self._lock = new_lock()

    def begin(self) -> None:
        """A call begins."""
        with self._lock:
            self.live += 1

    def end(self, retries: int) -> None:
        """A call has its answer or failed.

        Args:
            retries: The retries that it was granted.
        """
        with self._lock:
            self.live -= 1
            self.retrying -= retries

    def grant(self) -> bool:
        """Return whether one more retry may run; it counts until its call ends."""
        with self._lock:
            if self.retrying >= max(self.always, self.share * self.live):
                return False
            self.retrying += 1
            return True


PROCESS_RETRIES = RetryBudget()
"""The budget of all routes of this process."""
