"""Reins: how far a run may go, and how far it has gone."""

from __future__ import annotations

from ..errors import RunLimitError
from ..types.run import Limit, Run, RunLimits
from ..wire.io_protocol import IO


class RunBudget:
    """The clock starts when the run does."""

    def __init__(self, limits: RunLimits, io: IO) -> None:
        self.limits = limits
        self._io = io
        self._until = None if limits.seconds is None else io.monotonic() + limits.seconds
        self._called = 0

    def deadline(self, given: float | None) -> float | None:
        """When the next request must be over."""
        known = [at for at in (self._until, given) if at is not None]
        return min(known) if known else None

    def tool_seconds_left(self) -> float | None:
        """Seconds that tools may still take."""
        return None if self._until is None else max(0.001, self._until - self._io.monotonic())

    def is_late(self) -> bool:
        return self._until is not None and self._io.monotonic() >= self._until

    def admit(self, wanted: int) -> int:
        """How many of so many tools may still run; they count as run."""
        most = self.limits.calls
        admitted = wanted if most is None else min(wanted, max(0, most - self._called))
        self._called += admitted
        return admitted

    def reached_limit(self, run: Run[object]) -> Limit | None:
        """The limit that forbids another request, if any does."""
        request = sum(step.number > 0 for step in run.steps)
        if request >= self.limits.rounds:
            return "rounds"
        if self.is_late():
            return "seconds"
        if self.limits.tokens is not None and run.usage.total_tokens >= self.limits.tokens:
            return "tokens"
        return "cost" if self.limits.cost is not None and request and self._spent(run) >= self.limits.cost else None

    def _spent(self, run: Run[object]) -> float:
        if run.cost.amount is None:
            raise RunLimitError(
                f"the limit on cost cannot be kept: {run.cost.reason}. Give the model a price with cost_data, or limit "
                "tokens instead"
            )
        return float(run.cost.amount)

    def limit_error(self, limit: Limit) -> RunLimitError:
        error = RunLimitError(
            f"the run reached its limit of {getattr(self.limits, limit)} {limit}; raise it in RunLimits, or use "
            "otherwise='return'. What had happened is in the error's `run`"
        )
        error.limit = limit
        return error
