"""Run: an exchange that goes on by itself, from the question over tools and repairs to the answer."""

from __future__ import annotations

from dataclasses import field
from typing import Any, Generic, Literal, TypeVar

from pydantic import Field

from ..dataclass import dataclass
from .call_response import AIModelCallResponse
from .content import ToolCallContent, ToolResultContent
from .cost import Cost
from .message import Message
from .model_base import FrozenModel
from .response import ChatResponse
from .usage import Usage

T = TypeVar("T")

Limit = Literal["rounds", "calls", "seconds", "tokens", "cost"]
Stopped = Literal["answered", "pending", "interrupted", "rounds", "calls", "seconds", "tokens", "cost"]
ToolOutcome = Literal["ran", "failed", "invalid", "unknown", "declined", "repeated", "timed_out", "unrun", "pending"]


class RunLimits(FrozenModel):
    """How far a run may go. Reaching a limit raises RunLimitError, or with `otherwise="return"` ends the run there.

    `rounds` are requests to the model, `calls` are tools that were run, `at_once` how many tools run side by side.
    `repeats` is how often the same call may give the same result before it is no longer run.
    """

    rounds: int = Field(default=10, gt=0)
    calls: int | None = Field(default=None, ge=0)
    seconds: float | None = Field(default=None, gt=0)
    tokens: int | None = Field(default=None, gt=0)
    cost: float | None = Field(default=None, gt=0)
    at_once: int = Field(default=8, gt=0)
    repeats: int = Field(default=3, gt=0)
    otherwise: Literal["raise", "return"] = "raise"


class ToolRun(FrozenModel):
    """One tool call and what became of it; a pending one has no result yet."""

    call: ToolCallContent
    outcome: ToolOutcome
    result: ToolResultContent | None = None
    seconds: float = 0.0


class Step(FrozenModel):
    """One request to the model, its answer, and the tools it asked for."""

    number: int
    response: AIModelCallResponse
    tools: list[ToolRun] = Field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Run(Generic[T]):
    """What happened. `messages` is the whole conversation, ready to be continued; `output` the object asked for.

    `added` is what the run itself said: answers, results of tools, requests to correct an object.
    """

    steps: tuple[Step, ...]
    messages: tuple[Message, ...]
    stopped: Stopped
    output: T
    usage: Usage = field(default_factory=Usage)
    cost: Cost = field(default_factory=Cost)
    added: tuple[Message, ...] = ()

    @property
    def response(self) -> ChatResponse | None:
        """The last answer."""
        return self.steps[-1].response.chat_response if self.steps else None

    @property
    def tools(self) -> list[ToolRun]:
        """Every tool call of every step."""
        return [tool for step in self.steps for tool in step.tools]

    @property
    def pending(self) -> list[ToolCallContent]:
        """Calls that wait for you: to be approved, or run by whoever has the tool."""
        return [tool.call for tool in self.tools if tool.outcome == "pending"]

    def text(self) -> str:
        """The words of the last answer."""
        return self.response.text() if self.response else ""


@dataclass(frozen=True, slots=True)
class StepStarted:
    """The model is asked."""

    number: int


@dataclass(frozen=True, slots=True)
class StepAnswered:
    """Its answer is complete."""

    number: int
    response: AIModelCallResponse


@dataclass(frozen=True, slots=True)
class ToolStarted:
    """A tool is about to run."""

    call: ToolCallContent


@dataclass(frozen=True, slots=True)
class ToolEnded:
    """It ran, or it is known why not."""

    tool: ToolRun


@dataclass(frozen=True, slots=True)
class RepairStarted:
    """The object was not right; the model is told what is wrong with it, and asked again."""

    problem: str


@dataclass(frozen=True, slots=True)
class OutputGrew:
    """The object as far as it has arrived: fields that are not there yet have their default, or None."""

    output: Any
