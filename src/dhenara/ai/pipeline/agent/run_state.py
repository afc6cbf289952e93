"""Settings, limits and state of a run, and the next request made from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from ...errors import RunLimitError
from ...history.preparation import repair_history, truncate_history
from ...io.protocol import IO
from ...types.chat.message import Message
from ...types.chat.report import CallWarning
from ...types.chat.response import AIModelCallResponse
from ...types.chat.run import (
    Limit,
    OutputGrew,
    RepairStarted,
    Run,
    RunLimits,
    Step,
    StepAnswered,
    StepStarted,
    Stopped,
    ToolEnded,
    ToolRun,
    ToolStarted,
)
from ...types.chat.stream import SSEErrorResponse, StreamingChatResponse
from ...types.config.call import Call, CallJournal
from ..pricing import total_cost, total_usage
from .toolbox import Approve

RunEvent = (
    StreamingChatResponse
    | SSEErrorResponse
    | StepStarted
    | StepAnswered
    | ToolStarted
    | ToolEnded
    | RepairStarted
    | OutputGrew
)
"""All events of a run."""


@dataclass(frozen=True, slots=True, eq=False)
class RunPlan:
    """Settings of a run.

    Attributes:
        limits: Limits of the run.
        approve: Decides on calls of tools that need approval.
        tool_errors: `"send"` sends a tool's error to the model, `"raise"` ends the run with it.
        repairs: How often the model may correct invalid structured output.
        on_event: Called with each event.
        on_end: Called with the run when it has ended, for whatever reason.
        streaming: Whether responses are streamed.
    """

    limits: RunLimits = field(default_factory=RunLimits)
    approve: Approve | None = None
    tool_errors: Literal["send", "raise"] = "send"
    repairs: int = 1
    on_event: Callable[[RunEvent], None] | None = None
    on_end: Callable[[Run[Any]], object] | None = None
    streaming: bool = False


class RunBudget:
    """What a run has used of its limits; time counts from creation."""

    def __init__(self, limits: RunLimits, io: IO) -> None:
        self.limits = limits
        self._io = io
        self._until = None if limits.seconds is None else io.monotonic() + limits.seconds
        self._called = 0

    def deadline(self, given: float | None) -> float | None:
        """Return the deadline of the next request."""
        known = [at for at in (self._until, given) if at is not None]
        return min(known) if known else None

    def tool_seconds_left(self) -> float | None:
        """Return the seconds left for tools."""
        return None if self._until is None else max(0.001, self._until - self._io.monotonic())

    def is_late(self) -> bool:
        return self._until is not None and self._io.monotonic() >= self._until

    def admit(self, wanted: int) -> int:
        """Return how many of `wanted` tool calls may run, and count them."""
        most = self.limits.calls
        admitted = wanted if most is None else min(wanted, max(0, most - self._called))
        self._called += admitted
        return admitted

    def reached_limit(self, run: Run[object]) -> Limit | None:
        """Return the limit that forbids another request, or None."""
        requests = sum(step.number > 0 for step in run.steps)
        if requests >= self.limits.rounds:
            return "rounds"
        if self.is_late():
            return "seconds"
        if self.limits.tokens is not None and run.usage.known and run.usage.total_tokens >= self.limits.tokens:
            return "tokens"
        return "cost" if self.limits.cost is not None and requests and self._spent(run) >= self.limits.cost else None

    def _spent(self, run: Run[object]) -> float:
        if run.cost.amount is None:
            raise RunLimitError(
                f"the cost limit cannot be enforced: {run.cost.reason}. Set cost_data on the model, or limit "
                "tokens instead"
            )
        return float(run.cost.amount)

    def limit_error(self, limit: Limit) -> RunLimitError:
        error = RunLimitError(
            f"the run reached its limit of {getattr(self.limits, limit)} {limit}. Raise it in RunLimits, or use "
            "otherwise='return'. The state of the run is in `run` of this error"
        )
        error.limit = limit
        return error


class RunState:
    """`messages` is the whole history, `added` what this run added to it."""

    def __init__(self, messages: Sequence[Message], *, stored: bool = False) -> None:
        self.stored = stored
        self.messages: list[Message] = list(messages)
        self.added: list[Message] = []
        self.output: Any = None
        self.steps: list[Step] = []

    @property
    def next_number(self) -> int:
        """Number of the next request; tools that ran before the first request have number 0."""
        return sum(step.number > 0 for step in self.steps) + 1

    def start_resumed(self) -> None:
        """Add step 0 for tool calls of an earlier response."""
        self.steps.append(Step(number=0, response=AIModelCallResponse()))

    def add_response(self, response: AIModelCallResponse) -> int:
        """Add a response to the history and return its number."""
        number, answer = self.next_number, response.chat_response
        self.steps.append(Step(number=number, response=response))
        if answer.choices and answer.contents:
            self.add_message(answer.to_message())
        return number

    def add_tool_runs(self, tools: Sequence[ToolRun]) -> None:
        """Record the tool runs of the last response and add their results to the history."""
        self.steps[-1] = self.steps[-1].model_copy(update={"tools": list(tools)})
        results = [one.result for one in tools if one.result is not None]
        if results:
            self.add_message(Message(role="tool", contents=list(results)))

    def add_message(self, message: Message) -> None:
        self.messages.append(message)
        self.added.append(message)

    def repair_history(self) -> tuple[CallWarning, ...]:
        """Repair the history and return warnings about the changes."""
        history, repairs = repair_history(self.messages, stored=self.stored)
        self.messages = list(history)
        return repairs

    def run(self, stopped: Stopped) -> Run[Any]:
        answers = [step.response.chat_response for step in self.steps if step.number]
        return Run(
            steps=tuple(self.steps),
            messages=tuple(self.messages),
            stopped=stopped,
            output=self.output,
            usage=total_usage(answer.usage for answer in answers),
            cost=total_cost(answer.cost for answer in answers),
            added=tuple(self.added),
        )


def next_call(call: Call, state: RunState, deadline: float | None, before: Sequence[CallWarning] = ()) -> Call:
    """Return the first call with the current history, repaired and truncated; `before`: unreported warnings."""
    repairs = state.repair_history()
    stored, left_out = truncate_history(tuple(state.messages), call.instructions, call.config)
    return replace(
        call, messages=stored, deadline=deadline, journal=CallJournal(warnings=(*before, *repairs, *left_out))
    )


def relax_tool_choice(call: Call) -> Call:
    """Require a tool only once: if `required` were kept, the run would never get a final response."""
    choice = call.config.tool_choice
    if choice is None or choice.mode != "required":
        return call
    freed = choice.model_copy(update={"mode": "auto"}) if choice.names else None
    return replace(call, config=call.config.model_copy(update={"tool_choice": freed}))
