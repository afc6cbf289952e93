"""Waiting for an equal call: in looks that become rarer, for no signal crosses threads, loops and processes alike."""

from __future__ import annotations

from dhenara.ai.dataclass import replace
from dhenara.ai.errors import CallTimeoutError
from dhenara.ai.types import Call

from ..storage.store_calls import StoreIO

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
