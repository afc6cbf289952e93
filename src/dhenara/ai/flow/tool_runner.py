"""The tool runner: asks whether calls may run, runs those that may, and reads what came out."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from ..types.tool import Bound, awaits
from ..wire.io import IO
from ..wire.jobs import Broke, Done, Job, Outcome
from .tool_results import raised, read_result
from .toolbox import Approve, Planned

DECLINED = "this call was declined by the user"


async def approve_all(io: IO, planned: Sequence[Planned], approve: Approve | None) -> None:
    """One question after the other: people can answer only one at a time."""
    for one in planned:
        if one.bound is None or not (one.tool and one.tool.needs_approval):
            continue
        if approve is None:
            one.wait()
            continue
        # A question to a person may block for as long as it likes.
        said = approve(one.call) if awaits(approve) else await io.call(approve, one.call)
        if inspect.isawaitable(said):
            said = await said
        if said is not True:
            one.refuse("declined", f"{DECLINED}: {said}" if isinstance(said, str) else DECLINED)


async def run_tools(
    io: IO, planned: Sequence[Planned], at_once: int, seconds: float | None
) -> list[tuple[Planned, Broke]]:
    """Runs those that may run, and puts the results in their places. Says which failed."""
    ready = [one for one in planned if one.bound is not None]
    beside = [one for one in ready if one.tool is None or one.tool.parallel]
    alone = [one for one in ready if one not in beside]
    failed = await run_group(io, beside, at_once, seconds)
    return failed + await run_group(io, alone, 1, seconds)


async def run_group(
    io: IO, group: Sequence[Planned], at_once: int, seconds: float | None
) -> list[tuple[Planned, Broke]]:
    if not group:
        return []
    outcomes = await io.gather([job_for(one, io, seconds) for one in group], at_once)
    failed = [(one, outcome) for one, outcome in zip(group, outcomes, strict=True) if isinstance(outcome, Broke)]
    for one, outcome in zip(group, outcomes, strict=True):
        settle(one, outcome)
    return failed


def job_for(one: Planned, io: IO, seconds: float | None) -> Job:
    tool, bound = one.tool, one.bound
    assert tool is not None
    assert bound is not None
    limits = [limit for limit in (tool.timeout, seconds) if limit is not None]
    work = timed_awaited(one, bound, io.now) if tool.is_async else timed(one, bound, io.now)
    return Job(work, tool.is_async, min(limits) if limits else None)


def timed(one: Planned, bound: Bound, now: Callable[[], float]) -> Bound:
    def work() -> Any:
        started = now()
        try:
            return bound()
        finally:
            one.seconds = now() - started

    return work


def timed_awaited(one: Planned, bound: Bound, now: Callable[[], float]) -> Bound:
    async def work() -> Any:
        started = now()
        try:
            return await bound()
        finally:
            one.seconds = now() - started

    return work


def settle(one: Planned, outcome: Outcome | None) -> None:
    match outcome:
        case Done(value=value):
            one.result = read_result(one.call, value)
        case Broke(error=error):
            one.outcome, one.result = "failed", raised(one.call, error)
        case None:
            one.refuse("timed_out", f"{one.call.name} took too long and was given up")
