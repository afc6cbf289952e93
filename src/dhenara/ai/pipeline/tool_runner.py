"""The tool runner: asks whether calls may run, runs those that may, and reads what came out."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Generator, Sequence
from typing import Any

from ..dataclass import dataclass
from ..errors import ToolFailedError
from ..types.content import ToolCallContent
from ..types.run import ToolRun
from ..types.tool import Bound, is_awaitable
from ..wire.io_protocol import IO
from ..wire.jobs import JobDone, JobFailed, Outcome, UserJob
from .run_limits import RunBudget
from .tool_results import exception_result, read_result
from .toolbox import Approve, PendingToolCall, Toolbox

DECLINED = "this call was declined by the user"


@dataclass(slots=True)
class ToolBatch:
    """The calls of one answer. `cut` says that some could not run for the limit, `failure` that one of them raised."""

    planned: list[PendingToolCall]
    cut: bool = False
    failure: ToolFailedError | None = None

    @property
    def admitted(self) -> list[ToolCallContent]:
        """The calls that may run."""
        return [one.call for one in self.planned if one.bound is not None]


@dataclass(frozen=True, slots=True)
class ToolRunner:
    """Works for one run."""

    io: IO
    box: Toolbox
    budget: RunBudget
    approve: Approve | None

    async def plan_batch(self, calls: Sequence[ToolCallContent]) -> ToolBatch:
        """The calls with their tools, asked about where that is wanted."""
        planned = [self.box.plan(call) for call in calls]
        for one in planned:
            if one.bound is not None and one.tool is not None and one.tool.needs_approval:
                await self._ask_about(one)
        ready = [one for one in planned if one.bound is not None]
        room = self.budget.admit(len(ready))
        for one in ready[room:]:
            one.refuse("unrun", "it was not run: no more tools may be called")
        return ToolBatch(planned, cut=len(ready) > room)

    async def run(self, current: ToolBatch) -> list[ToolRun]:
        """Runs those that may run, and says what became of all."""
        ready = [one for one in current.planned if one.bound is not None]
        extra = [one for one in ready if one.tool is None or one.tool.parallel]
        alone = [one for one in ready if not (one.tool is None or one.tool.parallel)]
        failed = await run_group(self.io, extra, self.budget.limits.at_once, self.budget.tool_seconds_left())
        failed += await run_group(self.io, alone, 1, self.budget.tool_seconds_left())
        for one in current.planned:
            self.box.record_result(one)
        current.failure = first_failure(failed)
        return [one.to_tool_run() for one in current.planned]

    async def _ask_about(self, one: PendingToolCall) -> None:
        """People can answer only one question at a time."""
        if self.approve is None:
            one.wait()
            return
        # A question to a person may block for as long as it likes.
        awaited = is_awaitable(self.approve)
        text = self.approve(one.call) if awaited else await self.io.call(self.approve, one.call)
        if inspect.isawaitable(text):
            text = await text
        if text is not True:
            one.refuse("declined", f"{DECLINED}: {text}" if isinstance(text, str) else DECLINED)


def first_failure(failed: Sequence[tuple[PendingToolCall, JobFailed]]) -> ToolFailedError | None:
    """The first of the errors, to be raised where that is wanted."""
    if not failed:
        return None
    planned, broke = failed[0]
    error = ToolFailedError(f"the tool {planned.call.name!r} raised {type(broke.error).__name__}: {broke.error}")
    error.__cause__ = broke.error
    return error


async def run_group(
    io: IO, group: Sequence[PendingToolCall], at_once: int, seconds: float | None
) -> list[tuple[PendingToolCall, JobFailed]]:
    if not group:
        return []
    given = await io.run_jobs([job_for(one, io, seconds) for one in group], at_once)
    outcomes = [check_readable(one, outcome) for one, outcome in zip(group, given, strict=True)]
    failed = [(one, outcome) for one, outcome in zip(group, outcomes, strict=True) if isinstance(outcome, JobFailed)]
    for one, outcome in zip(group, outcomes, strict=True):
        set_outcome(one, outcome)
    return failed


def check_readable(one: PendingToolCall, outcome: Outcome | None) -> Outcome | None:
    """What came out as the model can be told it; a value that cannot be told is an error of its tool."""
    if not isinstance(outcome, JobDone):
        return outcome
    try:
        return JobDone(read_result(one.call, outcome.value))
    except Exception as error:  # noqa: BLE001  # reading runs code of the value's own class
        return JobFailed(error)


def job_for(one: PendingToolCall, io: IO, seconds: float | None) -> UserJob:
    tool, bound = one.tool, one.bound
    assert tool is not None
    assert bound is not None
    limits = [limit for limit in (tool.timeout, seconds) if limit is not None]
    return UserJob(with_timing(one, bound, io.monotonic), tool.is_async, min(limits) if limits else None)


def with_timing(one: PendingToolCall, bound: Bound, now: Callable[[], float]) -> Bound:
    """The same work, after which it is known how long it took."""

    def work() -> Any:
        started = now()

        def ended() -> None:
            one.seconds = now() - started

        try:
            value = bound()
        finally:
            ended()
        return TimedAwaitable(value, ended) if inspect.isawaitable(value) else value

    return work


@dataclass(frozen=True, slots=True)
class TimedAwaitable:
    """Something to be awaited, also by whoever did not know that it would be."""

    value: Awaitable[Any]
    ended: Callable[[], None]

    def __await__(self) -> Generator[Any, Any, Any]:
        try:
            return (yield from self.value.__await__())
        finally:
            self.ended()

    def close(self) -> None:
        """For those who cannot await."""
        if inspect.iscoroutine(self.value):
            self.value.close()


def set_outcome(one: PendingToolCall, outcome: Outcome | None) -> None:
    match outcome:
        case JobDone(value=value):
            one.result = value
            one.outcome = "failed" if one.result.is_error else "ran"
        case JobFailed(error=error):
            one.outcome, one.result = "failed", exception_result(one.call, error)
        case None:
            one.refuse("timed_out", f"{one.call.name} took too long and was given up")
