"""The loop: asks, runs the tools that were called, tells their results and asks again, until there is an answer."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from ..errors import CallTimeoutError, DhenaraError
from ..history.stored import continues_stored_history
from ..types.call import Call
from ..types.call_response import AIModelCallResponse
from ..types.content import ToolCallContent
from ..types.run import (
    Limit,
    RepairStarted,
    Run,
    StepAnswered,
    StepStarted,
    Stopped,
    ToolEnded,
    ToolRun,
    ToolStarted,
)
from .next_call import next_call, relax_tool_choice
from .output_validator import OutputProblem, OutputValidator
from .pending_tool_calls import find_unanswered_calls
from .pipeline import Pipeline
from .response_listener import ResponseListener
from .run_limits import RunBudget
from .run_plan import RunEvent, RunPlan
from .run_state import RunState
from .tool_runner import ToolBatch, ToolRunner
from .toolbox import Toolbox

Stage = Callable[[], Awaitable[None]]


class RunLoop:
    """One run. Pull it to the end; each pull gives one event, and `run()` says what happened so far."""

    def __init__(self, pipeline: Pipeline, call: Call, plan: RunPlan) -> None:
        self._pipeline = pipeline
        self._io = pipeline.io
        self._call = call
        self._plan = plan
        self._on_end = plan.on_end
        self._events: deque[RunEvent] = deque()
        self._state = RunState(call.messages, stored=continues_stored_history(call.config, call.endpoint.ai_model))
        self._warnings = call.journal.warnings
        """What was changed before the run began: told with its first answer."""

        self._round: ToolBatch | None = None
        self._failure: DhenaraError | None = None
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
        """The next thing that happened, or None at the end. What happened before an error is told before it."""
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

    def run(self) -> Run[Any]:
        """What happened so far."""
        return self._state.run(self._stopped or "interrupted")

    async def close(self) -> None:
        """Ends the run now, and the request that is under way with it. What had arrived is its last answer."""
        try:
            await self._stop()
        finally:
            self._end()

    def abandon(self) -> None:
        """The same for someone who cannot await."""
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
        """Someone else's error, or a cancelled task, goes through here: there is no time left to await anything."""
        listening, self._listening = self._listening, None
        self._stopped = self._stopped or "interrupted"
        if listening is not None:
            listening.stream.abandon()
            self._state.add_response(listening.partial_response())
        self._end()

    def _end(self) -> None:
        """Tells once that the run is over."""
        tell, self._on_end = self._on_end, None
        if tell is not None:
            tell(self.run())

    async def _resume(self) -> None:
        """The conversation ends with calls that nobody answered: they come first."""
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
        """One more piece of the answer that is arriving."""
        assert self._listening is not None
        received = await self._listening.pull()
        if isinstance(received, AIModelCallResponse):
            self._listening = None
            self._handle_answer(received)
        else:
            self._events.extend(received)

    def _handle_answer(self, response: AIModelCallResponse) -> None:
        """A whole answer: it joins the conversation, and decides how it goes on."""
        answer = response.chat_response
        self._events.append(StepAnswered(self._state.add_response(response), response))
        if answer.interrupted and self._budget.is_late():
            self._stop_at("seconds")
        elif answer.interrupted:
            self._stopped = "interrupted"
        elif calls := answer.tool_calls():
            self._stage = lambda: self._plan_tools(calls)
        elif answer.finish_reason == "pause":
            # The provider rests in the middle of its own tools, and goes on when it hears what it said.
            self._stage = self._ask
        else:
            self._stage = self._finish

    async def _finish(self) -> None:
        """The answer is the last one, unless it should have been an object and is none."""
        if self._call.config.structured_output is None:
            self._stopped = "answered"
            return
        match = self._validator.read(self._state.steps[-1].response.chat_response)
        if isinstance(match, OutputProblem):
            self._state.add_message(match.to_message())
            self._events.append(RepairStarted(match.problem))
            self._stage = self._ask
            return
        self._state.output = match
        self._stopped = "answered"

    async def _plan_tools(self, calls: Sequence[ToolCallContent]) -> None:
        self._round = await self._tools.plan_batch(calls)
        self._events.extend(ToolStarted(call) for call in self._round.admitted)
        self._stage = self._run_tools

    async def _run_tools(self) -> None:
        assert self._round is not None
        data = await self._tools.run(self._round)
        self._state.add_tool_runs(data)
        self._events.extend(ToolEnded(one) for one in data if one.outcome != "pending")
        self._after_tools(data, self._round)

    def _after_tools(self, data: Sequence[ToolRun], finished: ToolBatch) -> None:
        if finished.failure is not None and self._plan.tool_errors == "raise":
            raise finished.failure
        if any(one.outcome == "pending" for one in data):
            self._stopped = "pending"
        elif finished.cut:
            self._stop_at("calls")
        else:
            self._call = relax_tool_choice(self._call)
            self._stage = self._ask

    def _stop_at(self, limit: Limit) -> None:
        self._stopped = limit
        if self._plan.limits.otherwise == "raise":
            raise self._budget.limit_error(limit)
