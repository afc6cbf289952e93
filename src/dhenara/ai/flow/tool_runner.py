"""The tool runner: asks whether calls may run, runs those that may, and reads what came out."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Generator, Sequence
from typing import Any

from ..dataclass import dataclass
from ..errors import ToolFailedError
from ..types.content import ToolCallContent
from ..types.run import ToolRun
from ..types.tool import Bound, awaits
from ..wire.io import IO
from ..wire.jobs import Broke, Done, Job, Outcome
from .reins import Reins
from .tool_results import raised, read_result
from .toolbox import Approve, Planned, Toolbox

DECLINED = "this call was declined by the user"


@dataclass(slots=True)
class Round:
    """The calls of one answer. `cut` says that some could not run for the limit, `failure` that one of them raised."""

    planned: list[Planned]
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
    reins: Reins
    approve: Approve | None

    async def round(self, calls: Sequence[ToolCallContent]) -> Round:
        """The calls with their tools, asked about where that is wanted."""
        planned = [self.box.plan(call) for call in calls]
        for one in planned:
            if one.bound is not None and one.tool is not None and one.tool.needs_approval:
                await self._ask_about(one)
        ready = [one for one in planned if one.bound is not None]
        room = self.reins.admit(len(ready))
        for one in ready[room:]:
            one.refuse("unrun", "it was not run: no more tools may be called")
        return Round(planned, cut=len(ready) > room)

    async def run(self, current: Round) -> list[ToolRun]:
        """Runs those that may run, and says what became of all."""
        ready = [one for one in current.planned if one.bound is not None]
        beside = [one for one in ready if one.tool is None or one.tool.parallel]
        alone = [one for one in ready if not (one.tool is None or one.tool.parallel)]
        failed = await run_group(self.io, beside, self.reins.limits.at_once, self.reins.left())
        failed += await run_group(self.io, alone, 1, self.reins.left())
        for one in current.planned:
            self.box.remember(one)
        current.failure = failure(failed)
        return [one.told() for one in current.planned]

    async def _ask_about(self, one: Planned) -> None:
        """People can answer only one question at a time."""
        if self.approve is None:
            one.wait()
            return
        # A question to a person may block for as long as it likes.
        awaited = awaits(self.approve)
        said = self.approve(one.call) if awaited else await self.io.call(self.approve, one.call)
        if inspect.isawaitable(said):
            said = await said
        if said is not True:
            one.refuse("declined", f"{DECLINED}: {said}" if isinstance(said, str) else DECLINED)


def failure(failed: Sequence[tuple[Planned, Broke]]) -> ToolFailedError | None:
    """The first of the errors, to be raised where that is wanted."""
    if not failed:
        return None
    planned, broke = failed[0]
    error = ToolFailedError(f"the tool {planned.call.name!r} raised {type(broke.error).__name__}: {broke.error}")
    error.__cause__ = broke.error
    return error


async def run_group(
    io: IO, group: Sequence[Planned], at_once: int, seconds: float | None
) -> list[tuple[Planned, Broke]]:
    if not group:
        return []
    given = await io.gather([job_for(one, io, seconds) for one in group], at_once)
    outcomes = [readable(one, outcome) for one, outcome in zip(group, given, strict=True)]
    failed = [(one, outcome) for one, outcome in zip(group, outcomes, strict=True) if isinstance(outcome, Broke)]
    for one, outcome in zip(group, outcomes, strict=True):
        settle(one, outcome)
    return failed


def readable(one: Planned, outcome: Outcome | None) -> Outcome | None:
    """What came out as the model can be told it; a value that cannot be told is an error of its tool."""
    if not isinstance(outcome, Done):
        return outcome
    try:
        return Done(read_result(one.call, outcome.value))
    except Exception as error:  # noqa: BLE001  # reading runs code of the value's own class
        return Broke(error)


def job_for(one: Planned, io: IO, seconds: float | None) -> Job:
    tool, bound = one.tool, one.bound
    assert tool is not None
    assert bound is not None
    limits = [limit for limit in (tool.timeout, seconds) if limit is not None]
    return Job(timed(one, bound, io.now), tool.is_async, min(limits) if limits else None)


def timed(one: Planned, bound: Bound, now: Callable[[], float]) -> Bound:
    """The same work, after which it is known how long it took."""

    def work() -> Any:
        started = now()

        def ended() -> None:
            one.seconds = now() - started

        try:
            value = bound()
        finally:
            ended()
        return Clocked(value, ended) if inspect.isawaitable(value) else value

    return work


@dataclass(frozen=True, slots=True)
class Clocked:
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


def settle(one: Planned, outcome: Outcome | None) -> None:
    match outcome:
        case Done(value=value):
            one.result = value
            one.outcome = "failed" if one.result.is_error else "ran"
        case Broke(error=error):
            one.outcome, one.result = "failed", raised(one.call, error)
        case None:
            one.refuse("timed_out", f"{one.call.name} took too long and was given up")
