"""A run: the requests, tool calls and repairs from the prompt to the final answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from pydantic import Field

from ..content.parts import ToolCallContent, ToolResultContent
from ..display import ShortRepr, Shown, ShownAsText
from ..model_base import FrozenModel
from .cost import Cost
from .message import AnswerParts, Message, Text
from .response import AIModelCallResponse, ChatResponse
from .usage import Usage

T = TypeVar("T")

Limit = Literal["rounds", "calls", "seconds", "tokens", "cost"]
Stopped = Literal["answered", "pending", "interrupted", "rounds", "calls", "seconds", "tokens", "cost"]
ToolOutcome = Literal["ran", "failed", "invalid", "unknown", "declined", "repeated", "timed_out", "unrun", "pending"]


class RunLimits(FrozenModel):
    """Limits of a run. Reaching one raises RunLimitError; with `otherwise="return"` the run ends without an exception.

    Attributes:
        rounds: Maximum number of requests to the model. Default 10.
        calls: Maximum number of tool calls. Default None: no limit.
        seconds: Maximum duration in seconds. Default None: no limit.
        tokens: Maximum number of tokens. Default None: no limit.
        cost: Maximum cost in US dollars. Default None: no limit.
        concurrency: Maximum number of tools that run at the same time. Default 8.
        repeats: How often the same call may return the same result before it is no longer run. Default 3.
        otherwise: `"raise"` or `"return"`. Default `"raise"`.
    """

    rounds: int = Field(default=10, gt=0)
    calls: int | None = Field(default=None, ge=0)
    seconds: float | None = Field(default=None, gt=0)
    tokens: int | None = Field(default=None, gt=0)
    cost: float | None = Field(default=None, gt=0)
    concurrency: int = Field(default=8, gt=0)
    repeats: int = Field(default=3, gt=0)
    otherwise: Literal["raise", "return"] = "raise"


class ToolRun(FrozenModel):
    """A tool call and its outcome; a pending one has no result yet.

    Attributes:
        call: The tool call.
        outcome: What happened to the call.
        result: The result that the model gets. None while the call is pending.
        seconds: Duration in seconds.
        needs_approval: Whether a pending call needs approval. False: the caller has to run it.
    """

    call: ToolCallContent
    outcome: ToolOutcome
    result: ToolResultContent | None = None
    seconds: float = 0.0
    needs_approval: bool = False


class Step(FrozenModel):
    """One request of a run, with its response and tool calls.

    Attributes:
        number: Number of the request, from 1; 0 for tool calls that were pending when the run started.
        response: The response.
        tools: Tool calls of the response, with their outcomes.
    """

    number: int
    response: AIModelCallResponse
    tools: list[ToolRun] = Field(default_factory=list)


@dataclass(frozen=True, slots=True, repr=False)
class Run(ShownAsText, AnswerParts, ShortRepr, Generic[T]):
    """The result of a run.

    Attributes:
        steps: The requests, in order.
        messages: The whole conversation; pass it to the next run to continue.
        stopped: Why the run ended.
        output: The structured output, if requested.
        usage: Token counts of all requests.
        cost: Cost of all requests.
        added: Messages that the run created: answers, tool results and repair requests.
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
        """The last response."""
        return self.steps[-1].response.chat_response if self.steps else None

    @property
    def tools(self) -> list[ToolRun]:
        """All tool calls of all steps."""
        return [tool for step in self.steps for tool in step.tools]

    @property
    def pending(self) -> list[ToolCallContent]:
        """Tool calls that need approval, or that the caller has to run."""
        return [tool.call for tool in self.tools if tool.outcome == "pending"]

    @property
    def text(self) -> Text:
        """The text of the last response; empty before the first one."""
        return self.response.text if self.response else Text()

    def _shown(self) -> Shown:
        yield None, self.text
        yield "output", self.output
        yield "steps", len(self.steps)
        yield "tools", [tool.call.name for tool in self.tools]
        yield "stopped", self.stopped
        yield "usage", self.usage

    @property
    def parsed(self) -> T:
        """The structured output; the same as `output`."""
        return self.output

    def _answer(self) -> ChatResponse | None:
        return self.response


@dataclass(frozen=True, slots=True)
class StepStarted:
    """Event: a request is sent to the model.

    Attributes:
        number: Number of the request, from 1.
    """

    number: int


@dataclass(frozen=True, slots=True)
class StepAnswered:
    """Event: the response to a request is complete.

    Attributes:
        number: Number of the request, from 1.
        response: The response.
    """

    number: int
    response: AIModelCallResponse


@dataclass(frozen=True, slots=True)
class ToolStarted:
    """Event: a tool is about to run.

    Attributes:
        call: The tool call.
    """

    call: ToolCallContent


@dataclass(frozen=True, slots=True)
class ToolEnded:
    """Event: a tool call ended, or was not run.

    Attributes:
        tool: The tool call and its outcome.
    """

    tool: ToolRun


@dataclass(frozen=True, slots=True)
class RepairStarted:
    """Event: the output was invalid; the problem is sent to the model, which tries again.

    Attributes:
        problem: Why the output is invalid.
    """

    problem: str


@dataclass(frozen=True, slots=True)
class OutputGrew:
    """Event: the partial output; missing fields have their default value or None.

    Attributes:
        output: The output as far as it was received.
    """

    output: Any
