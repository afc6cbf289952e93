"""Asks for approval of tool calls, runs them, and reads their results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ...errors import ConfigurationError, DhenaraError, SavedRunError, ToolFailedError
from ...io.protocol import IO, JobDone, JobFailed, Outcome, UserJob
from ...types.chat.run import AgentEvent, Run, ToolRun
from ...types.content.parts import ToolCallContent
from ...types.tools.tool_definition import SEARCH_TOOL
from .run_plan import AgentContext, AgentTool, RunBudget, RunPlan, call_function
from .run_state import RunEvent, RunState, read_step
from .run_store import ToolClaim, call_digest
from .running_tool import cut_result, failure_of, first_failure, running, with_timing
from .toolbox import (
    Approve,
    PendingToolCall,
    Toolbox,
    as_decision,
    error_result,
    exception_result,
    match_earlier,
    read_result,
    with_decisions,
)

if TYPE_CHECKING:
    from ..tracing import RunTracing


@dataclass(slots=True)
class ToolBatch:
    """The tool calls of the response `number`; `cut`: some exceeded the limit; `failure`: the first error of a tool."""

    planned: list[PendingToolCall]
    number: int
    cut: bool = False
    failure: ToolFailedError | None = None

    @property
    def admitted(self) -> list[ToolCallContent]:
        """The calls that may run."""
        return [one.call for one in self.planned if one.bound is not None]


@dataclass(slots=True)
class ToolRunner:
    """Runs the tool calls of one run."""

    io: IO
    box: Toolbox
    budget: RunBudget
    plan: RunPlan
    state: RunState
    emit: Callable[[RunEvent], None]
    tracing: RunTracing | None = None

    def restore(self) -> bool:
        """Note the results of a run that is resumed; return whether there are any besides those of tool search."""
        settled = self.state.steps[:-1] if self.state.awaits_tools else self.state.steps
        tools = [tool for step in settled for tool in step.tools]
        for tool in tools:
            self.box.record_result(tool)
        return any(tool.call.name != SEARCH_TOOL for tool in tools)

    async def plan_batch(self, calls: Sequence[ToolCallContent], earlier: Sequence[ToolRun] = ()) -> ToolBatch:
        """Look up the tools and ask for approval where needed; `earlier`: what happened to the calls before."""
        planned = [self.box.plan(call) for call in calls]
        ids = Counter(call.id for call in calls)
        for one, before in zip(planned, match_earlier(calls, earlier), strict=True):
            if before is not None and before.outcome != "pending" and before.result is not None:
                one.take(before)
                one.is_reported = self.state.was_pending
            else:
                await self._decide(one, before, is_named=ids[one.call.id] == 1)
        ready = [one for one in planned if one.bound is not None]
        room = self.budget.admit(len(ready))
        for one in ready[room:]:
            one.refuse("unrun", "not run: the limit of tool calls was reached")
        return ToolBatch(planned, self.state.number, cut=len(ready) > room)

    async def run(self, current: ToolBatch) -> list[ToolRun]:
        """Run the admitted calls and return the outcome of all."""
        ready = [(index, one) for index, one in enumerate(current.planned) if one.bound is not None]
        concurrent = [(index, one) for index, one in ready if one.tool is None or one.tool.parallel]
        sequential = [(index, one) for index, one in ready if not (one.tool is None or one.tool.parallel)]
        try:
            failed = await self.run_group(current, concurrent, self.budget.limits.concurrency)
            failed += await self.run_group(current, sequential, 1)
        finally:
            for _, one in ready:
                if one.trace is not None:
                    one.trace.end(None)  # those that have no outcome, because the run was cancelled
        tools = [one.to_tool_run() for one in current.planned]
        for tool in tools:
            self.box.record_result(tool)
        current.failure = first_failure(failed)
        return tools

    def end_tracing(self, run: Callable[[], Run[Any]], error: BaseException | None) -> None:
        """End the traces of the run, once."""
        tracing, self.tracing = self.tracing, None
        if tracing is not None:
            tracing.end(run(), error)

    async def _decide(self, one: PendingToolCall, before: ToolRun | None, *, is_named: bool) -> None:
        """Apply the decision on a call, or ask for one; a person answers one question at a time.

        Decisions are stored by id. A call that does not have its id alone (`is_named`) is decided on each time.
        """
        one.run = None if before is None else before.run
        decision = self.state.decisions.get(one.call.id) if is_named else None
        if decision is not None and one.outcome in ("ran", "pending"):
            one.may_repeat = before is not None and before.unclear
            one.decide(decision)
            return
        if one.bound is None or one.tool is None or one.run is not None or not one.tool.must_ask(one.call):
            return
        decision = None if self.plan.approve is None else await call_function(self.io, self.plan.approve, one.call)
        if decision is None:
            one.wait()
            return
        if is_named:
            self.state.decisions[one.call.id] = as_decision(decision)
        one.decide(decision)

    async def run_group(
        self, current: ToolBatch, group: Sequence[tuple[int, PendingToolCall]], concurrency: int
    ) -> list[tuple[PendingToolCall, Exception]]:
        if not group:
            return []
        seconds = self.budget.tool_seconds_left()
        jobs = [self._job(one, f"tool-{current.number}-{index}", seconds) for index, one in group]
        outcomes = await self.io.run_jobs(jobs, concurrency)
        for (_, one), outcome in zip(group, outcomes, strict=True):
            if isinstance(outcome, JobDone) and isinstance(outcome.value, ToolRun):
                one.take(outcome.value)
            elif isinstance(outcome, JobFailed) and self._is_durable(one):
                raise outcome.error  # of a store or a hook: the errors of tools are results
            else:
                set_outcome(one, check_readable(one, outcome))
            if one.trace is not None:
                one.trace.end(one.to_tool_run())
        return [(one, error) for _, one in group if (error := failure_of(one)) is not None]

    def _is_durable(self, one: PendingToolCall) -> bool:
        return self.plan.store is not None or self.plan.perform is not None or isinstance(one.tool, AgentTool)

    def _job(self, one: PendingToolCall, key: str, seconds: float | None) -> UserJob:
        tool, bound = one.tool, one.bound
        assert tool is not None
        assert bound is not None
        limits = [limit for limit in (tool.timeout, seconds) if limit is not None]
        most = min(limits) if limits else None
        if not self._is_durable(one):
            return UserJob(with_timing(one, bound, self.io.monotonic, self.tracing), tool.is_async, most)
        if isinstance(tool, AgentTool):
            work = partial(self._run_agent, one, tool, key, most)
        else:
            work = partial(self._perform, one, key)
        return UserJob(partial(self.plan.start, work), self.plan.is_async, most)

    async def _perform(self, one: PendingToolCall, key: str) -> ToolRun:
        """Run a tool through the hook of the user."""
        if self.plan.perform is None:
            return await self._run_claimed(one, key)
        live: list[ToolRun] = []

        async def do() -> str:
            live.append(await self._run_claimed(one, key))
            return live[-1].model_dump_json()

        text = await self.plan.perform(one.call.name, self.plan.prefix + key, do)
        return live[-1] if live else read_step(ToolRun, text, self.plan.prefix + key)

    async def _run_claimed(self, one: PendingToolCall, key: str) -> ToolRun:
        """Run a tool unless the store has its result; a tool that must run once is not begun twice."""
        store, run_id = self.plan.store, self.state.record.id
        if store is None:
            return await self._call_tool(one)
        digest = call_digest(one.call)
        claim = await call_function(self.io, store.claim, run_id, key, digest)
        if claim is not None:
            if not isinstance(claim, ToolClaim):
                raise ConfigurationError(f"store.claim must return None or a ToolClaim, not {type(claim).__name__}")
            if claim.call != digest:
                raise SavedRunError(
                    f"run {run_id!r}: the store has another call for step {key}, so the run was resumed from a state "
                    "that is older than the store. Resume the last state: store.load(run_id)"
                )
            if claim.result is not None:
                return ToolRun.model_validate_json(claim.result)
            if one.tool is not None and one.tool.once and not one.may_repeat:
                return ToolRun(call=one.call, outcome="pending", needs_approval=True, unclear=True)
        one.begun = True
        ran = await self._call_tool(one)
        await call_function(self.io, store.complete, run_id, key, ran.model_dump_json())
        return ran

    async def _call_tool(self, one: PendingToolCall) -> ToolRun:
        tool, bound = one.tool, one.bound
        assert tool is not None
        assert bound is not None
        work = with_timing(one, bound, self.io.monotonic, self.tracing)
        [outcome] = await self.io.run_jobs([UserJob(work, tool.is_async)], 1)
        done = replace(one)
        set_outcome(done, check_readable(done, outcome))
        one.finished = done.finished
        return done.to_tool_run()

    async def _run_agent(self, one: PendingToolCall, tool: AgentTool, key: str, seconds: float | None) -> ToolRun:
        """Run an agent; what it leaves pending is pending here."""
        path = f"{one.call.id}/"
        started = self.io.monotonic()
        agent = AgentContext(
            budget=self.budget,
            prefix=f"{self.plan.prefix}{key}/",
            run_id=f"{self.state.record.id}/{key}",
            seconds=seconds,
            outer=self.plan,
            saved=None if one.run is None else with_decisions(one.run, self.state.decisions, path),
            approve=None if self.plan.approve is None else partial(approve_inner, self.plan.approve, path),
            emit=lambda event: self.emit(AgentEvent(one.call, event)),
        )
        if self.tracing is not None:
            one.trace = self.tracing.start_tool(one.call, tool)
        with running(one):
            loop = tool.start(str(one.effective_call.arguments["prompt"]), agent)
            one.loop = loop
            error: Exception | None = None
            try:
                while (event := await loop.pull()) is not None:
                    agent.emit(event)
            except ConfigurationError:
                raise  # a mistake of the caller, or of the store, which no model can correct
            except DhenaraError as raised:
                error = raised
        done = replace(one, run=loop.run(), seconds=self.io.monotonic() - started)
        finish_agent(done, error)
        one.finished = done.finished
        return done.to_tool_run()


def approve_inner(approve: Approve, path: str, call: ToolCallContent) -> Any:
    """Ask the outer run about a call of an agent, with the id that it has in `pending`."""
    return approve(call.model_copy(update={"id": path + call.id}))


def finish_agent(one: PendingToolCall, error: Exception | None) -> None:
    """Set outcome and result of the call of an agent whose run has ended."""
    run = one.run
    assert run is not None
    if error is not None:
        set_outcome(one, JobFailed(error))
    elif run.stopped == "pending":
        one.wait()
    elif run.stopped == "answered":
        answer = run.text if run.output is None else run.output
        set_outcome(one, check_readable(one, JobDone(str(answer) if run.output is None else answer)))
    else:
        text = f"{one.call.name} was stopped ({run.stopped}) before it was done. What it had: {run.text or 'nothing'}"
        set_outcome(one, JobDone(error_result(one.call, text)))


def unfinished_runs(batch: ToolBatch, arriving: bool = False) -> list[ToolRun]:
    """Return the state of calls that are running: those that have ended with their results; `arriving`: those of
    agents with what there is of their answers.
    """
    tools = []
    for planned in batch.planned:
        one = replace(planned)
        if one.bound is not None and one.finished is not None and not isinstance(one.tool, AgentTool):
            set_outcome(one, check_readable(one, one.finished))
        elif one.begun and one.tool is not None and one.tool.once:
            one.wait()
            one.unclear = True
        elif one.bound is not None:
            one.outcome, one.run = "unrun", one.run if one.loop is None else one.loop.run(arriving=arriving)
        tools.append(one.to_tool_run())
    return tools


def check_readable(one: PendingToolCall, outcome: Outcome | None) -> Outcome | None:
    """Convert the return value; a value that cannot be converted counts as an error of the tool."""
    if not isinstance(outcome, JobDone):
        return outcome
    try:
        return JobDone(read_result(one.call, outcome.value))
    except Exception as error:  # noqa: BLE001  # conversion runs code of the value's class
        return JobFailed(error)


def set_outcome(one: PendingToolCall, outcome: Outcome | None) -> None:
    match outcome:
        case JobDone(value=value):
            one.outcome = "failed" if value.is_error else "ran"
            one.result, one.left_out = cut_result(value, one.most)
        case JobFailed(error=error):
            one.outcome, one.finished = "failed", outcome
            one.result, one.left_out = cut_result(exception_result(one.call, error), one.most)
        case None:
            set_timed_out(one)


def set_timed_out(one: PendingToolCall) -> None:
    """Set the outcome of a call that did not end in time.

    A tool that must run once may have had its effect, or have it yet: its call is pending until that is decided. So is
    the call of an agent with such a call, so that the model does not begin it again.
    """
    if one.loop is not None:
        one.run = one.loop.run()
    is_open = bool(one.run.pending_tools) if one.run is not None else one.tool is not None and one.tool.once
    if is_open:
        one.wait()
        one.unclear = one.run is None
    else:
        one.refuse("timed_out", f"{one.call.name} timed out")
