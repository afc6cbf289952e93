"""Enforces the limits of a run."""

from __future__ import annotations

from ..errors import RunLimitError
from ..types.run import Limit, Run, RunLimits
from ..wire.io_protocol import IO


class RunBudget:
    """What a run has used of its limits; time counts from creation."""

    def __init__(self, limits: RunLimits, io: IO) -> None:
        self.limits = limits
        self._io = io
        self._until = None if limits.seconds is None else io.monotonic() + limits.seconds
        self._called = 0

    def deadline(self, given: float | None) -> float | None:
        """Return the deadline of the next request."""
        known = [at for at in (self._until, given) if at is not None]
        return min(known) if known else None

    def tool_seconds_left(self) -> float | None:
        """Return the seconds left for tools."""
        return None if self._until is None else max(0.001, self._until - self._io.monotonic())

    def is_late(self) -> bool:
        return self._until is not None and self._io.monotonic() >= self._until

    def admit(self, wanted: int) -> int:
        """Return how many of `wanted` tool calls may run, and count them."""
        most = self.limits.calls
        admitted = wanted if most is None else min(wanted, max(0, most - self._called))
        self._called += admitted
        return admitted

    def reached_limit(self, run: Run[object]) -> Limit | None:
        """Return the limit that forbids another request, or None."""
        requests = sum(step.number > 0 for step in run.steps)
        if requests >= self.limits.rounds:
            return "rounds"
        if self.is_late():
            return "seconds"
        if self.limits.tokens is not None and run.usage.total_tokens >= self.limits.tokens:
            return "tokens"
        return "cost" if self.limits.cost is not None and requests and self._spent(run) >= self.limits.cost else None

    def _spent(self, run: Run[object]) -> float:
        if run.cost.amount is None:
            raise RunLimitError(
                f"the cost limit cannot be enforced: {run.cost.reason}. Set cost_data on the model, or limit "
                "tokens instead"
            )
        return float(run.cost.amount)

    def limit_error(self, limit: Limit) -> RunLimitError:
        error = RunLimitError(
            f"the run reached its limit of {getattr(self.limits, limit)} {limit}. Raise it in RunLimits, or use "
            "otherwise='return'. The state of the run is in `run` of this error"
        )
        error.limit = limit
        return error
