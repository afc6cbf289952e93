"""The run loop: call the model, execute the requested tools, send their results, until there is a final response."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

from ...errors import CallError, CallTimeoutError, DhenaraError
from ...history.preparation import continues_stored_history
from ...response.deltas import ChunkBuilder, to_error_event
from ...types.chat.delta import TextDelta
from ...types.chat.response import AIModelCallResponse
from ...types.chat.run import (
    Limit,
    OutputGrew,
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
from ..streaming.stream import Batch, Stream
from ..streaming.structured_output import OutputProblem, OutputValidator, PartialOutputReader
from .run_state import RunBudget, RunEvent, RunPlan, RunState, next_call, relax_tool_choice
from .tool_runner import ToolBatch, ToolRunner
from .toolbox import Toolbox, find_unanswered_calls


class ResponseListener:
    """Yields run events for one response; `pull` returns the response at the end."""

    def __init__(self, pipeline: Pipeline, call: Call, stream: Stream) -> None:
        self._pipeline = pipeline
        self._call = call
        self.stream = stream
        self._chunker = ChunkBuilder(pipeline.target.origin)
        shape = call.config.structured_output
        self._growing = None if shape is None else PartialOutputReader(shape)

    async def pull(self) -> list[RunEvent] | AIModelCallResponse:
        """Return the next events; the response when there are none left."""
        try:
            batch = await self.stream.pull()
        except CallError as error:
            return [to_error_event(error)]
        if batch is None:
            return self.partial_response()
        return list(self._events(batch))

    def partial_response(self) -> AIModelCallResponse:
        """Return the response received so far."""
        return self._pipeline.report(self._call, self.stream.partial())

    def _events(self, batch: Batch) -> Iterator[RunEvent]:
        if (chunk := self._chunker.chunk(batch)) is not None:
            yield chunk
        texts = [delta.text for delta in batch if isinstance(delta, TextDelta) and not delta.choice]
        if self._growing is None or not texts:
            return
        self._growing.add("".join(texts))
        if self._growing.has_new_value() and (output := self._growing.output()) is not None:
            yield OutputGrew(output)


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
        self._state = RunState(call.messages, stored=continues_stored_history(call.config, call.endpoint.ai_model))
        self._warnings = call.journal.warnings
        """Warnings from before the run started; reported with its first response."""

        self._round: ToolBatch | None = None
        self._failure: DhenaraError | None = None
        self.error: CallError | None = None
        """What interrupted the last response of a streamed run, if anything did."""

        self._listening: ResponseListener | None = None
        self._stopped: Stopped | None = None
        self._validator = OutputValidator(plan.repairs)
        self._budget = RunBudget(plan.limits, self._io)
        self._tools = ToolRunner(
            self._io,
            Toolbox.of(call.config.tools, plan.limits.repeats, call.config.options),
            self._budget,
            plan.approve,
        )
        self._stage: Stage = self._ask if not find_unanswered_calls(call.messages) else self._resume

    async def pull(self) -> RunEvent | None:
        """Return the next event, or None at the end; events before an error are returned first."""
        try:
            while not self._events and self._stopped is None:
                try:
                    await self._stage()
                except DhenaraError as error:
                    self._failure = error
                    await self._stop()
            if self._events:
                event = self._events.popleft()
                if self._plan.on_event is not None:
                    self._plan.on_event(event)
                return event
            self._raise_failure()
        except BaseException:
            self._interrupt()
            raise
        self._end()
        return None

    def _raise_failure(self) -> None:
        failure, self._failure = self._failure, None
        if failure is not None:
            failure.run = self.run()
            raise failure

    @property
    def ended(self) -> bool:
        """Whether the run has ended, also by an error."""
        return self._stopped is not None and not self._events and self._failure is None

    def run(self) -> Run[Any]:
        """Return the state of the run so far."""
        return self._state.run(self._stopped or "interrupted")

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

    async def _stop(self) -> None:
        listening, self._listening = self._listening, None
        self._stopped = self._stopped or "interrupted"
        if listening is not None:
            try:
                await listening.stream.close()
            finally:
                self._state.add_response(listening.partial_response())

    def _interrupt(self) -> None:
        """Handle an exception from outside or a cancelled task, without awaiting."""
        listening, self._listening = self._listening, None
        self._stopped = self._stopped or "interrupted"
        if listening is not None:
            listening.stream.abandon()
            self._state.add_response(listening.partial_response())
        self._end()

    def _end(self) -> None:
        """Call `on_end` once."""
        on_end, self._on_end = self._on_end, None
        if on_end is not None:
            on_end(self.run())

    async def _resume(self) -> None:
        """Run the tool calls at the end of the history that have no result."""
        self._state.start_resumed()
        await self._plan_tools(find_unanswered_calls(self._call.messages))

    async def _ask(self) -> None:
        reached = self._budget.reached_limit(self.run())
        if reached is not None:
            self._stop_at(reached)
            return
        deadline, before = self._budget.deadline(self._call.deadline), self._warnings
        self._warnings = ()
        call = next_call(self._call, self._state, deadline, before)
        self._events.append(StepStarted(self._state.next_number))
        self._stage = lambda: self._send(call)

    async def _send(self, call: Call) -> None:
        try:
            if not self._plan.streaming:
                self._handle_answer(await self._pipeline.answer(call))
                return
            self._listening = ResponseListener(self._pipeline, call, await self._pipeline.start(call))
            self._stage = self._read_answer
        except CallTimeoutError:
            if not self._budget.is_late():
                raise
            self._stop_at("seconds")

    async def _read_answer(self) -> None:
        """Read the next piece of the response."""
        assert self._listening is not None
        received = await self._listening.pull()
        if isinstance(received, AIModelCallResponse):
            self.error = self._listening.stream.error
            self._listening = None
            self._handle_answer(received)
        else:
            self._events.extend(received)

    def _handle_answer(self, response: AIModelCallResponse) -> None:
        """Add a complete response to the history and choose the next stage."""
        answer = response.chat_response
        self._events.append(StepAnswered(self._state.add_response(response), response))
        if answer.interrupted and self._budget.is_late():
            self._stop_at("seconds")
        elif answer.interrupted:
            self._stopped = "interrupted"
        elif calls := answer.tool_calls:
            self._stage = lambda: self._plan_tools(calls)
        elif answer.finish_reason == "pause":
            # The provider paused during its own tools and continues when its response is sent back.
            self._stage = self._ask
        else:
            self._stage = self._finish

    async def _finish(self) -> None:
        """Finish the run, or ask for a correction if the structured output is invalid."""
        if self._call.config.structured_output is None:
            self._stopped = "answered"
            return
        output = self._validator.read(self._state.steps[-1].response.chat_response)
        if isinstance(output, OutputProblem):
            self._state.add_message(output.to_message())
            self._events.append(RepairStarted(output.problem))
            self._stage = self._ask
            return
        self._state.output = output
        self._stopped = "answered"

    async def _plan_tools(self, calls: Sequence[ToolCallContent]) -> None:
        self._round = await self._tools.plan_batch(calls)
        self._events.extend(ToolStarted(call) for call in self._round.admitted)
        self._stage = self._run_tools

    async def _run_tools(self) -> None:
        assert self._round is not None
        finished = await self._tools.run(self._round)
        self._state.add_tool_runs(finished)
        self._events.extend(ToolEnded(one) for one in finished if one.outcome != "pending")
        self._after_tools(finished, self._round)

    def _after_tools(self, runs: Sequence[ToolRun], batch: ToolBatch) -> None:
        if batch.failure is not None and self._plan.tool_errors == "raise":
            raise batch.failure
        if any(one.outcome == "pending" for one in runs):
            self._stopped = "pending"
        elif batch.cut:
            self._stop_at("calls")
        else:
            if any(one.call.name != SEARCH_TOOL for one in runs):
                self._call = relax_tool_choice(self._call)
            self._stage = self._ask

    def _stop_at(self, limit: Limit) -> None:
        self._stopped = limit
        if self._plan.limits.otherwise == "raise":
            raise self._budget.limit_error(limit)
