"""The run loop: call the model, execute the requested tools, send their results, until there is a final response."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, cast

from ...errors import CallError, CallTimeoutError, DhenaraError, SavedRunError
from ...history.preparation import continues_stored_history
from ...types.chat.response import AIModelCallResponse
from ...types.chat.run import (
    AgentEvent,
    Limit,
    NextStage,
    RepairStarted,
    Run,
    StepAnswered,
    StepStarted,
    Stopped,
    ToolEnded,
    ToolRun,
    ToolStarted,
)
from ...types.config.call import Call
from ...types.content.parts import ToolCallContent
from ...types.tools.tool_definition import SEARCH_TOOL
from ..pipeline import Pipeline
from ..streaming.structured_output import OutputProblem, OutputValidator
from .run_plan import (
    AgentTool as AgentTool,
    RunBudget,
    RunPlan as RunPlan,
    count_calls,
    read_instructions,
    read_output,
)
from .run_state import (
    ResponseListener,
    RunEvent,
    RunState,
    answer_in_step,
    check_resumable,
    next_call,
    next_stage,
    relax_tool_choice,
)
from .run_store import call_function, load_saved, lock_saved
from .running_tool import cut_warnings, unfinished_runs
from .tool_runner import ToolBatch, ToolRunner
from .toolbox import Toolbox, find_unanswered_calls

Stage = Callable[[], Awaitable[None]]


class RunLoop:
    """One run. Each `pull` returns one event, None at the end; `run()` returns the state so far."""

    def __init__(self, pipeline: Pipeline, call: Call, plan: RunPlan) -> None:
        self._pipeline = pipeline
        self._io = pipeline.io
        self._call = call
        self._plan = plan
        self._on_end = plan.on_end
        self._events: deque[RunEvent] = deque()
        self._state = RunState(
            call.messages, plan.record, stored=continues_stored_history(call.config, call.endpoint.ai_model)
        )
        self._warnings = call.journal.warnings
        """Warnings from before the run started; reported with its first response."""

        self._round: ToolBatch | None = None
        self._failure: DhenaraError | None = None
        self.error: CallError | None = None
        """What interrupted the last response of a streamed run, if anything did."""

        self._listening: ResponseListener | None = None
        self._stopped: Stopped | None = None
        self._validator = OutputValidator(plan.repairs)
        self._budget = RunBudget(plan.limits, self._io, plan.agent)
        box = Toolbox.of(call.config.tools, plan.limits, call.config.options)
        self._tools = ToolRunner(self._io, box, self._budget, plan, self._state, self._emit)
        self._next: NextStage = "request"
        self._stage: Stage = self._start
        self._is_saved = plan.store is None
        self._lock: Any = None

    async def pull(self) -> RunEvent | None:
        """Return the next event, or None at the end; events before an error are returned first."""
        try:
            while not self._events and self._stopped is None:
                try:
                    await self._stage()
                    await self._save()
                except DhenaraError as error:
                    self._failure = error
                    await self._stop()
                    self._is_saved = isinstance(error, SavedRunError)  # the store itself may have failed
                    await self._save()
            if self._events:
                event = self._events.popleft()
                if self._plan.on_event is not None and not isinstance(event, AgentEvent):
                    self._plan.on_event(event)
                return event
            failure, self._failure = self._failure, None
            if failure is not None:
                failure.run = self.run()
                # Its traceback begins with this function, which raising it here adds once more.
                raise failure.with_traceback(failure.__traceback__ and failure.__traceback__.tb_next)
        except BaseException as error:
            self._interrupt(error)
            raise
        self._end()
        return None

    @property
    def ended(self) -> bool:
        """Whether the run has ended, also by an error."""
        return self._stopped is not None and not self._events and self._failure is None

    def run(self, *, arriving: bool = False) -> Run[Any]:
        """Return the state of the run so far; `arriving`: with what there is of an answer that is arriving."""
        repairs = self._plan.repairs - self._validator.repairs
        used = {"seconds": self._budget.seconds, "repairs": repairs, "next": self._next}
        unfinished = () if self._round is None else unfinished_runs(self._round.planned, arriving)
        answer = self._listening.partial_response() if arriving and self._listening is not None else None
        run = self._state.run(self._stopped or "interrupted", used, unfinished, answer)
        return replace(run, record=run.record.model_copy(update={"calls": count_calls(run)}))

    def _emit(self, event: RunEvent) -> None:
        """Report an event of an agent."""
        if self._plan.on_event is not None:
            self._plan.on_event(event)
        self._events.append(event)
        self._tools.wake()

    async def _save(self) -> None:
        """Keep the state of the run in the store if it has changed."""
        if self._plan.store is not None and not self._is_saved:
            self._is_saved, run = True, self.run()
            await call_function(self._io, self._plan.store.save, run.record.id, run.to_json())

    async def close(self) -> None:
        """Stop the run and its current request; the text received so far becomes its last response."""
        try:
            await self._stop()
        finally:
            self._end()

    def abandon(self) -> None:
        """Stop the current request without awaiting."""
        if self._listening is not None:
            self._listening.stream.abandon()
        self._leave(None)

    def _leave(self, error: BaseException | None) -> None:
        """End the traces, and let others resume the run."""
        self._tools.end_tracing(lambda: self._budget.own_part(self.run()), error)
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.release()

    async def _stop(self) -> None:
        listening, self._listening = self._listening, None
        self._stopped = self._stopped or "interrupted"
        await self._tools.close()
        if listening is not None:
            try:
                await listening.stream.close()
            finally:
                self._add_partial(listening)

    def _interrupt(self, error: BaseException) -> None:
        """Handle an exception from outside or a cancelled task, without awaiting."""
        listening, self._listening = self._listening, None
        self._stopped = self._stopped or "interrupted"
        self._budget.end()
        if listening is not None:
            listening.stream.abandon()
            self._add_partial(listening)
        self._end(error)

    def _add_partial(self, listening: ResponseListener) -> None:
        response = listening.partial_response()
        self._state.add_response(response)
        self._budget.count_answer(response.chat_response)

    def _end(self, error: BaseException | None = None) -> None:
        """End the traces, let others resume the run, and call `on_end`, once."""
        self._leave(error or self.error)
        on_end, self._on_end = self._on_end, None
        if on_end is not None:
            on_end(self.run())

    async def _start(self) -> None:
        """Begin the run, or go on where it was saved."""
        self._tools.tracing, self._call = self._pipeline.start_tracing(self._call)
        plan = self._plan
        # An agent belongs to a run that is locked.
        self._lock = await lock_saved(self._io, None if plan.agent is not None else plan.store, plan.record.id)
        saved = plan.resume or await load_saved(self._io, plan.store, plan.record)
        if saved is None:
            self._go_on("tools" if find_unanswered_calls(self._state.messages) else "request")
            self._is_saved = self._plan.store is None
            return
        check_resumable(saved, self._plan.record, self._call)
        self._state.restore(saved)
        self._budget.restore(saved)
        self._validator.repairs = max(0, self._plan.repairs - saved.record.repairs)
        if self._tools.restore():
            self._call = relax_tool_choice(self._call)
        self._go_on(next_stage(saved, self._state))
        shape = self._call.config.structured_output
        if self._next == "end" and shape is not None:
            self._state.output = self._validator.read(self._state.steps[-1].response.chat_response, shape.model_class)

    def _go_on(self, stage: NextStage) -> None:
        """Choose what to do next."""
        self._next = stage
        if stage == "end":
            self._stopped = "answered"
        self._stage = {"request": self._ask, "tools": self._resume, "finish": self._finish, "end": self._ask}[stage]

    async def _resume(self) -> None:
        """Run the tool calls at the end of the history that have no result."""
        self._state.start_resumed()
        await self._plan_tools(find_unanswered_calls(self._state.messages), self._state.steps[-1].tools)

    async def _ask(self) -> None:
        reached = self._budget.admit_request()
        if reached is not None:
            self._stop_at(reached)
            return
        deadline, before = self._budget.deadline(self._call.deadline), self._warnings
        self._warnings = ()
        if self._plan.instructions:
            self._call = replace(self._call, instructions=await read_instructions(self._io, self._plan, self.run()))
        call = next_call(self._call, self._state, deadline, before, self._plan.instructions)
        self._events.append(StepStarted(self._state.next_number))
        self._stage = lambda: self._send(call)

    async def _send(self, call: Call) -> None:
        try:
            if self._plan.perform is not None:
                send = partial(self._read_whole if self._plan.streaming else self._pipeline.answer, call)
                key = f"{self._plan.prefix}request-{self._state.next_number}"
                self._handle_answer(await answer_in_step(self._plan.perform, key, send))
            elif not self._plan.streaming:
                self._handle_answer(await self._pipeline.read_answer(call, await self._pipeline.start(call)))
            else:
                self._listening = ResponseListener(self._pipeline, call, await self._pipeline.start(call))
                self._stage = self._read_answer
        except CallTimeoutError:
            if not self._budget.is_late():
                raise
            self._stop_at("seconds")

    async def _read_whole(self, call: Call) -> AIModelCallResponse:
        """Read a streamed response to its end; its events are reported after it."""
        self._listening = ResponseListener(self._pipeline, call, await self._pipeline.start(call))
        while not isinstance(received := await self._listening.pull(), AIModelCallResponse):
            self._events.extend(received)
        self.error, self._listening = self._listening.stream.error, None
        return received

    async def _read_answer(self) -> None:
        """Read the next piece of the response."""
        assert self._listening is not None
        received = await self._listening.pull()
        if isinstance(received, AIModelCallResponse):
            self.error, self._listening = self._listening.stream.error, None
            self._handle_answer(received)
        else:
            self._events.extend(received)

    def _handle_answer(self, response: AIModelCallResponse) -> None:
        """Add a complete response to the history and choose the next stage."""
        answer = response.chat_response
        self._budget.count_answer(answer)
        self._events.append(StepAnswered(self._state.add_response(response), response))
        self._is_saved = False
        if answer.interrupted and self._budget.is_late():
            self._stop_at("seconds")
        elif answer.interrupted:
            self._stopped = "interrupted"
        elif unrun := self._state.steps[-1].tools:
            self._events.extend(ToolEnded(one) for one in unrun)
            has_output = self._call.config.structured_output is not None  # its validator raises
            self._go_on("finish" if has_output else "request")
            self._stopped = None if has_output else cast("Stopped", answer.finish_reason)
        elif answer.tool_calls:
            self._go_on("tools")
        elif answer.finish_reason == "pause":
            self._go_on("request")  # the provider goes on with its own tools when its response is sent back
        else:
            self._go_on("finish")

    async def _finish(self) -> None:
        """Finish the run, or ask for a correction if the output is invalid."""
        answer, shape = self._state.steps[-1].response.chat_response, self._call.config.structured_output
        output = await read_output(self._io, self._validator, self._plan, answer, shape)
        self._is_saved = False
        if isinstance(output, OutputProblem):
            self._state.add_message(output.to_message())
            self._events.append(RepairStarted(output.problem))
            self._go_on("request")
            return
        self._state.output = output
        self._go_on("end")

    async def _plan_tools(self, calls: Sequence[ToolCallContent], earlier: Sequence[ToolRun] = ()) -> None:
        self._round = await self._tools.plan_batch(calls, earlier)
        self._events.extend(ToolStarted(call) for call in self._round.admitted)
        self._is_saved = False
        self._stage = self._run_tools

    async def _run_tools(self) -> None:
        batch = self._round
        assert batch is not None
        finished = await self._tools.run(batch, self._events)
        if finished is None:
            return  # there are events of agents; the tools go on
        self._round, self._is_saved = None, False
        self._state.add_tool_runs(finished)
        self._warnings += cut_warnings(finished)
        reported = zip(finished, batch.planned, strict=True)
        self._events.extend(
            ToolEnded(one) for one, planned in reported if one.outcome != "pending" and not planned.is_reported
        )
        self._after_tools(finished, batch)

    def _after_tools(self, runs: Sequence[ToolRun], batch: ToolBatch) -> None:
        if any(one.outcome == "pending" for one in runs):
            self._stopped = "pending"
        else:
            if any(one.call.name != SEARCH_TOOL for one in runs):
                self._call = relax_tool_choice(self._call)
            self._go_on("request")
        if batch.failure is not None and self._plan.tool_errors == "raise":
            raise batch.failure
        if batch.cut and self._stopped is None:
            self._stop_at("calls")

    def _stop_at(self, limit: Limit) -> None:
        self._stopped = limit
        self._is_saved = False
        if self._plan.limits.otherwise == "raise":
            raise self._budget.limit_error(limit)
