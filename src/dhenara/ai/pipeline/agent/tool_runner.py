"""Asks for approval of tool calls, runs them, and reads their results."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from ...errors import ToolFailedError
from ...io.protocol import IO, JobDone, JobFailed, Outcome, UserJob
from ...types.chat.run import ToolRun
from ...types.content.parts import ToolCallContent
from ...types.tools.tool import Bound, is_awaitable
from .run_state import RunBudget
from .toolbox import Approve, PendingToolCall, Toolbox, exception_result, read_result

DECLINED = "the user declined this call"


@dataclass(slots=True)
class ToolBatch:
    """The tool calls of one response; `cut`: some exceeded the limit; `failure`: the first error of a tool."""

    planned: list[PendingToolCall]
    cut: bool = False
    failure: ToolFailedError | None = None

    @property
    def admitted(self) -> list[ToolCallContent]:
        """The calls that may run."""
        return [one.call for one in self.planned if one.bound is not None]


@dataclass(frozen=True, slots=True)
class ToolRunner:
    """Runs the tool calls of one run."""

    io: IO
    box: Toolbox
    budget: RunBudget
    approve: Approve | None

    async def plan_batch(self, calls: Sequence[ToolCallContent]) -> ToolBatch:
        """Look up the tools and ask for approval where needed."""
        planned = [self.box.plan(call) for call in calls]
        for one in planned:
            if one.bound is not None and one.tool is not None and one.tool.must_ask(one.call):
                await self._ask_about(one)
        ready = [one for one in planned if one.bound is not None]
        room = self.budget.admit(len(ready))
        for one in ready[room:]:
            one.refuse("unrun", "not run: the limit of tool calls was reached")
        return ToolBatch(planned, cut=len(ready) > room)

    async def run(self, current: ToolBatch) -> list[ToolRun]:
        """Run the admitted calls and return the outcome of all."""
        ready = [one for one in current.planned if one.bound is not None]
        concurrent = [one for one in ready if one.tool is None or one.tool.parallel]
        sequential = [one for one in ready if not (one.tool is None or one.tool.parallel)]
        failed = await run_group(self.io, concurrent, self.budget.limits.concurrency, self.budget.tool_seconds_left())
        failed += await run_group(self.io, sequential, 1, self.budget.tool_seconds_left())
        for one in current.planned:
            self.box.record_result(one)
        current.failure = first_failure(failed)
        return [one.to_tool_run() for one in current.planned]

    async def _ask_about(self, one: PendingToolCall) -> None:
        """Ask for approval of one call; a person answers one question at a time."""
        if self.approve is None:
            one.wait()
            return
        # Asking a person may block, so sync functions run in a thread.
        awaited = is_awaitable(self.approve)
        decision = self.approve(one.call) if awaited else await self.io.call(self.approve, one.call)
        if inspect.isawaitable(decision):
            decision = await decision
        if decision is None:
            one.wait()
        elif decision is not True:
            one.refuse("declined", f"{DECLINED}: {decision}" if isinstance(decision, str) else DECLINED)


def first_failure(failed: Sequence[tuple[PendingToolCall, JobFailed]]) -> ToolFailedError | None:
    """Return the first error, or None."""
    if not failed:
        return None
    planned, broke = failed[0]
    error = ToolFailedError(f"the tool {planned.call.name!r} raised {type(broke.error).__name__}: {broke.error}")
    error.__cause__ = broke.error
    return error


async def run_group(
    io: IO, group: Sequence[PendingToolCall], concurrency: int, seconds: float | None
) -> list[tuple[PendingToolCall, JobFailed]]:
    if not group:
        return []
    finished = await io.run_jobs([job_for(one, io, seconds) for one in group], concurrency)
    outcomes = [check_readable(one, outcome) for one, outcome in zip(group, finished, strict=True)]
    failed = [(one, outcome) for one, outcome in zip(group, outcomes, strict=True) if isinstance(outcome, JobFailed)]
    for one, outcome in zip(group, outcomes, strict=True):
        set_outcome(one, outcome)
    return failed


def check_readable(one: PendingToolCall, outcome: Outcome | None) -> Outcome | None:
    """Convert the return value; a value that cannot be converted counts as an error of the tool."""
    if not isinstance(outcome, JobDone):
        return outcome
    try:
        return JobDone(read_result(one.call, outcome.value))
    except Exception as error:  # noqa: BLE001  # conversion runs code of the value's class
        return JobFailed(error)


def job_for(one: PendingToolCall, io: IO, seconds: float | None) -> UserJob:
    tool, bound = one.tool, one.bound
    assert tool is not None
    assert bound is not None
    limits = [limit for limit in (tool.timeout, seconds) if limit is not None]
    return UserJob(with_timing(one, bound, io.monotonic), tool.is_async, min(limits) if limits else None)


def with_timing(one: PendingToolCall, bound: Bound, now: Callable[[], float]) -> Bound:
    """Return the work wrapped so that its duration is recorded, and that the tool can read its call."""

    def call_tool() -> Any:
        started = now()

        def ended() -> None:
            one.seconds = now() - started

        token = RUNNING_CALL.set(one.call)
        try:
            value = bound()
        finally:
            RUNNING_CALL.reset(token)
            ended()
        return TimedAwaitable(value, one.call, ended) if inspect.isawaitable(value) else value

    return call_tool


RUNNING_CALL: ContextVar[ToolCallContent | None] = ContextVar("dhenara_tool_call", default=None)


def current_tool_call() -> ToolCallContent | None:
    """Return the tool call that is running here: its id, name and arguments, and the model that made it (`origin`).

    For tool functions, and what they call: parallel tools run in threads or tasks of their own, whose stacks do not
    show the run. None outside of a tool.
    """
    return RUNNING_CALL.get()


@dataclass(frozen=True, slots=True)
class TimedAwaitable:
    """An awaitable that calls `ended` when it is done."""

    value: Awaitable[Any]
    call: ToolCallContent
    ended: Callable[[], None]

    def __await__(self) -> Generator[Any, Any, Any]:
        token = RUNNING_CALL.set(self.call)
        try:
            return (yield from self.value.__await__())
        finally:
            RUNNING_CALL.reset(token)
            self.ended()

    def close(self) -> None:
        """Close a coroutine that is not awaited."""
        if inspect.iscoroutine(self.value):
            self.value.close()


def set_outcome(one: PendingToolCall, outcome: Outcome | None) -> None:
    match outcome:
        case JobDone(value=value):
            one.result = value
            one.outcome = "failed" if value.is_error else "ran"
        case JobFailed(error=error):
            one.outcome, one.result = "failed", exception_result(one.call, error)
        case None:
            one.refuse("timed_out", f"{one.call.name} timed out")
