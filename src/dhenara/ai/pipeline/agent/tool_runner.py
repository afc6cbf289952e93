"""Asks for approval of tool calls, runs them, and reads their results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ...errors import ConfigurationError, DhenaraError, SavedRunError, ToolFailedError
from ...io.protocol import IO, JobDone, JobFailed, UserJob
from ...types.chat.run import AgentEvent, Run, ToolRun
from ...types.content.parts import ToolCallContent
from ...types.tools.tool_definition import SEARCH_TOOL
from .run_plan import AgentContext, AgentTool, RunBudget, RunPlan
from .run_state import RunEvent, RunState, read_step
from .run_store import ToolClaim, call_digest, call_function
from .running_tool import (
    BackgroundWork,
    check_readable,
    finish_agent,
    first_failure,
    match_earlier,
    running,
    set_outcome,
    with_decisions,
    with_timing,
)
from .toolbox import (
    Approve,
    PendingToolCall,
    Toolbox,
    as_decision,
)

if TYPE_CHECKING:
    from ..tracing import RunTracing


@dataclass(slots=True)
class ToolBatch:
    """The tool calls of the response `number`.

    `begun`: those that run; `cut`: some exceeded the limit; `failure`: the first error of a tool.
    """

    planned: list[PendingToolCall]
    number: int
    begun: list[PendingToolCall]
    cut: bool = False
    failure: ToolFailedError | None = None

    @property
    def admitted(self) -> list[ToolCallContent]:
        """The calls that may run."""
        return [one.call for one in self.planned if one.bound is not None]

    def ready(self, *, parallel: bool) -> list[tuple[int, PendingToolCall]]:
        """Return the calls that may run, at the same time or one after the other, with their places."""
        ready = [(index, one) for index, one in enumerate(self.planned) if one.bound is not None]
        return [(index, one) for index, one in ready if (one.tool is None or one.tool.parallel) == parallel]


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
    background: BackgroundWork | None = None
    """The tools that run while a stream is read."""

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
        return ToolBatch(planned, self.state.number, ready[:room], cut=len(ready) > room)

    async def run(self, current: ToolBatch, events: Collection[RunEvent]) -> list[ToolRun] | None:
        """Run the admitted calls and return the outcome of all.

        In a stream it returns None when an agent has reported an event meanwhile; then it is called again.

        Args:
            current: The calls.
            events: The events that wait to be read.
        """
        parallel = current.ready(parallel=True)
        work = partial(self.run_group, current, parallel, self.budget.limits.concurrency)
        is_watched = self.plan.streaming and self.plan.perform is None
        if self.background is None and is_watched and any(isinstance(one.tool, AgentTool) for _, one in parallel):
            self.background = BackgroundWork(self.io, work)
        if self.background is None:
            await work()
        elif not await self.background.wait(events):
            return None
        self.background = None
        await self.run_group(current, current.ready(parallel=False), 1)
        tools = [one.to_tool_run() for one in current.planned]
        for tool in tools:
            self.box.record_result(tool)
        current.failure = first_failure(current.begun)
        return tools

    def wake(self) -> None:
        """End the wait of `run`, because an event has arrived."""
        if self.background is not None:
            self.background.woken.set()

    async def close(self) -> None:
        """Cancel the tools that run during a stream, and wait a moment for their end."""
        if self.background is not None:
            await self.background.close()

    def end_tracing(self, run: Callable[[], Run[Any]], error: BaseException | None) -> None:
        """End the traces of the run, once, and cancel the tools that still run."""
        if self.background is not None:
            self.background.cancel()
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
        decided = as_decision(decision)
        if is_named:
            self.state.decisions[one.call.id] = decided
        one.decide(decided)

    async def run_group(
        self, current: ToolBatch, group: Sequence[tuple[int, PendingToolCall]], concurrency: int
    ) -> None:
        """Run some of the calls, and set their outcomes."""
        try:
            await self._run_jobs(current, group, concurrency)
        finally:
            for _, one in group:
                if one.trace is not None:
                    one.trace.end(None)  # those that have no outcome, because the run was cancelled

    async def _run_jobs(
        self, current: ToolBatch, group: Sequence[tuple[int, PendingToolCall]], concurrency: int
    ) -> None:
        if not group:
            return
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
