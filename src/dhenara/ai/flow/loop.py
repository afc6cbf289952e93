"""The loop: asks, runs the tools that were called, tells their results and asks again, until there is an answer."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

from ..errors import CallTimeoutError, DhenaraError, InvalidOutputError
from ..history.mending import mended
from ..history.trimming import trimmed
from ..types.call import Call, Journal
from ..types.call_response import AIModelCallResponse
from ..types.content import ToolCallContent
from ..types.message import Message
from ..types.output import read_output
from ..types.run import (
    Limit,
    RepairStarted,
    Run,
    Step,
    StepAnswered,
    StepStarted,
    Stopped,
    ToolEnded,
    ToolRun,
    ToolStarted,
)
from .journey import Journey
from .listening import Listening
from .plan import Plan, RunEvent
from .reins import Reins
from .tool_runner import Round, ToolRunner
from .toolbox import Toolbox
from .totals import total_cost, total_usage
from .unanswered import unanswered

Stage = Callable[[], Awaitable[None]]
REPAIR = (
    "This is not the object that was asked for:\n{problem}\nAnswer again, with the corrected JSON and nothing else."
)


class Loop:
    """One run. Pull it to the end; each pull gives one event, and `run()` says what happened so far."""

    def __init__(self, journey: Journey, call: Call, plan: Plan) -> None:
        self._journey = journey
        self._io = journey.io
        self._call = call
        self._plan = plan
        self._events: deque[RunEvent] = deque()
        self._steps: list[Step] = []
        self._messages: list[Message] = list(call.messages)
        self._warnings = call.journal.warnings
        """What was changed before the run began: told with its first answer."""

        self._round: Round | None = None
        self._failure: DhenaraError | None = None
        self._listening: Listening | None = None
        self._stopped: Stopped | None = None
        self._output: Any = None
        self._repairs = plan.repairs
        self._reins = Reins(plan.limits, self._io)
        self._tools = ToolRunner(
            self._io, Toolbox.of(call.config.tools, plan.limits.repeats), self._reins, plan.approve
        )
        self._stage: Stage = self._ask if not unanswered(self._messages) else self._resume

    async def pull(self) -> RunEvent | None:
        """The next thing that happened, or None at the end. What happened before an error is told before it."""
        while not self._events and self._stopped is None:
            try:
                await self._stage()
            except DhenaraError as error:
                self._failure = error
                await self.close()
        if not self._events:
            self._raise_failure()
            return None
        event = self._events.popleft()
        if self._plan.on_event is not None:
            self._plan.on_event(event)
        return event

    def _raise_failure(self) -> None:
        failure, self._failure = self._failure, None
        if failure is not None:
            failure.run = self.run()
            raise failure

    def run(self) -> Run[Any]:
        """What happened so far."""
        answers = [step.response.chat_response for step in self._steps if step.number]
        return Run(
            steps=tuple(self._steps),
            messages=tuple(self._messages),
            stopped=self._stopped or "interrupted",
            output=self._output,
            usage=total_usage(answer.usage for answer in answers),
            cost=total_cost(answer.cost for answer in answers),
        )

    async def close(self) -> None:
        """Ends the run now, and the request that is under way with it."""
        listening, self._listening = self._listening, None
        self._stopped = self._stopped or "interrupted"
        if listening is not None:
            await listening.stream.close()

    def abandon(self) -> None:
        """The same for someone who cannot await."""
        if self._listening is not None:
            self._listening.stream.abandon()

    async def _resume(self) -> None:
        """The conversation ends with calls that nobody answered: they come first."""
        self._steps.append(Step(number=0, response=AIModelCallResponse()))
        await self._plan_tools(unanswered(self._messages))

    async def _ask(self) -> None:
        reached = self._reins.reached(self.run())
        if reached is not None:
            self._stop_at(reached)
            return
        call = self._next()
        self._events.append(StepStarted(self._number()))
        self._stage = lambda: self._send(call)

    def _next(self) -> Call:
        """The next request: all that was said so far, as every vendor takes it, and no longer than it may be."""
        history, mends = mended(self._messages)
        self._messages = list(history)
        kept, left_out = trimmed(history, self._call.instructions, self._call.config)
        warnings, self._warnings = (*self._warnings, *mends, *left_out), ()
        deadline = self._reins.deadline(self._call.deadline)
        return replace(self._call, messages=kept, deadline=deadline, journal=Journal(warnings=warnings))

    async def _send(self, call: Call) -> None:
        try:
            if not self._plan.streaming:
                self._answered(await self._journey.answer(call))
                return
            self._listening = Listening(self._journey, call, await self._journey.start(call))
            self._stage = self._listen
        except CallTimeoutError:
            if not self._reins.late():
                raise
            self._stop_at("seconds")

    async def _listen(self) -> None:
        """One more piece of the answer that is arriving."""
        assert self._listening is not None
        heard = await self._listening.pull()
        if isinstance(heard, AIModelCallResponse):
            self._listening = None
            self._answered(heard)
        else:
            self._events.extend(heard)

    def _answered(self, response: AIModelCallResponse) -> None:
        """A whole answer: it joins the conversation, and decides how it goes on."""
        answer = response.chat_response
        number = self._number()
        self._steps.append(Step(number=number, response=response))
        self._events.append(StepAnswered(number, response))
        if answer.choices and answer.contents:
            self._messages.append(answer.to_message())
        if answer.interrupted and self._reins.late():
            self._stop_at("seconds")
        elif answer.interrupted:
            self._stopped = "interrupted"
        elif calls := answer.tool_calls():
            self._stage = lambda: self._plan_tools(calls)
        elif answer.finish_reason == "pause":
            # The provider rests in the middle of its own tools, and goes on when it hears what it said.
            self._stage = self._ask
        else:
            self._stage = self._judge

    async def _judge(self) -> None:
        """The answer is the last one, unless it should have been an object and is none."""
        answer = self._steps[-1].response.chat_response
        if self._call.config.structured_output is None:
            self._stopped = "answered"
            return
        try:
            self._output = read_output(answer)
        except InvalidOutputError as error:
            if self._repairs == 0:
                raise
            self._repairs -= 1
            problem = REPAIR.format(problem=error.message)
            self._messages.append(Message.model_validate({"role": "user", "text": problem}))
            self._events.append(RepairStarted(error.message))
            self._stage = self._ask
            return
        self._stopped = "answered"

    async def _plan_tools(self, calls: Sequence[ToolCallContent]) -> None:
        self._round = await self._tools.round(calls)
        self._events.extend(ToolStarted(call) for call in self._round.admitted)
        self._stage = self._run_tools

    async def _run_tools(self) -> None:
        assert self._round is not None
        told = await self._tools.run(self._round)
        self._steps[-1] = self._steps[-1].model_copy(update={"tools": told})
        self._events.extend(ToolEnded(one) for one in told if one.outcome != "pending")
        results = [one.result for one in told if one.result is not None]
        if results:
            self._messages.append(Message(role="tool", contents=list(results)))
        self._after_tools(told, self._round)

    def _after_tools(self, told: Sequence[ToolRun], finished: Round) -> None:
        if finished.failure is not None and self._plan.tool_errors == "raise":
            raise finished.failure
        if any(one.outcome == "pending" for one in told):
            self._stopped = "pending"
        elif finished.cut:
            self._stop_at("calls")
        else:
            self._call = no_longer_forced(self._call)
            self._stage = self._ask

    def _number(self) -> int:
        return sum(step.number > 0 for step in self._steps) + 1

    def _stop_at(self, limit: Limit) -> None:
        self._stopped = limit
        if self._plan.limits.otherwise == "raise":
            raise self._reins.refusal(limit)


def no_longer_forced(call: Call) -> Call:
    """A tool that must be called is called once; forced again and again, it would never come to an answer."""
    choice = call.config.tool_choice
    if choice is None or choice.mode != "required":
        return call
    freed = choice.model_copy(update={"mode": "auto"}) if choice.names else None
    return replace(call, config=call.config.model_copy(update={"tool_choice": freed}))
