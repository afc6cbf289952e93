"""State of a run: responses, tool runs and messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..history.repair import repair_history
from ..types.call_response import AIModelCallResponse
from ..types.message import Message
from ..types.run import Run, Step, Stopped, ToolRun
from ..types.warning import CallWarning
from .usage_totals import total_cost, total_usage


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
