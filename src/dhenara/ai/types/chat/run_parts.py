"""Parts of a run: its limits, its record, decisions on pending calls, and its events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from ...errors import ConfigurationError
from ..content.parts import StructuredContent, ToolCallContent, ToolResultContent
from ..model_base import FrozenModel
from .response import AIModelCallResponse

if TYPE_CHECKING:
    from .run import Step, ToolRun

Limit = Literal["rounds", "calls", "seconds", "tokens", "cost"]
Unrun = Literal["length", "context_length", "content_filter", "refusal", "error"]
"""Finish reasons of answers whose tool calls do not run: their arguments may be incomplete, or were withheld."""

Stopped = Literal["answered", "pending", "interrupted", Limit, Unrun]
"""Why a run ended: with an answer; calls are pending; it broke off; a limit; or the finish reason of the last answer,
if it is one with which tool calls do not run.
"""

ToolOutcome = Literal["ran", "failed", "invalid", "unknown", "declined", "repeated", "timed_out", "unrun", "pending"]
NextStage = Literal["request", "tools", "finish", "end"]
"""What a run does next: send a request, run the tool calls of the last answer, read its output, or nothing."""

Decision = bool | str | ToolResultContent | dict[str, Any]
"""What is decided about a pending call: True runs it, False or a text (the reason) declines it, a dict runs it with
these arguments, and a tool result is sent as its result without running it.
"""


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
        result_chars: Maximum length of the text of a tool result in characters, at least 1. Default 1,000,000. The rest
            is cut off; the model sees how much, and the next response has a warning.
        otherwise: `"raise"` or `"return"`. Default `"raise"`.
    """

    rounds: int = Field(default=10, gt=0)
    calls: int | None = Field(default=None, ge=0)
    seconds: float | None = Field(default=None, gt=0)
    tokens: int | None = Field(default=None, gt=0)
    cost: float | None = Field(default=None, gt=0)
    concurrency: int = Field(default=8, gt=0)
    repeats: int = Field(default=3, gt=0)
    result_chars: int = Field(default=1_000_000, gt=0)
    otherwise: Literal["raise", "return"] = "raise"


class RunRecord(FrozenModel):
    """What a run needs besides its messages and steps so that it can be resumed.

    Attributes:
        id: Id of the run. Default: a random one.
        endpoint: Provider and model of the run, without keys.
        tools: Names of its tools, which have to be passed again.
        functions: Options with functions, such as `validators`, which have to be passed again.
        output: Name of the type of its output, which has to be passed again.
        instructions: System instructions that are texts.
        parameters: Parameters of its requests, such as `temperature`.
        tags: Tags of the run.
        limits: Limits of the run.
        prompt: Hash of the messages that the run began with.
        seconds: Seconds that it has run, without the time between processes.
        calls: Number of tool calls so far, with those of agents that are its tools.
        repairs: Number of repairs so far.
        decisions: Decisions on pending calls, by the id of the call.
        next: What the run does next.
    """

    id: str = ""
    endpoint: str = ""
    tools: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    output: str | None = None
    instructions: tuple[str, ...] = ()
    parameters: dict[str, Any] = Field(default_factory=dict)
    tags: dict[str, str] = Field(default_factory=dict)
    limits: RunLimits = Field(default_factory=RunLimits)
    prompt: str = ""
    seconds: float = 0.0
    calls: int = 0
    repairs: int = 0
    decisions: dict[str, Decision] = Field(default_factory=dict)
    next: NextStage | None = None


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


@dataclass(frozen=True, slots=True)
class AgentEvent:
    """Event: something happened in the run of an agent that is a tool.

    Attributes:
        call: The call of the agent.
        event: The event of its run.
    """

    call: ToolCallContent
    event: Any


def check_decision(call_id: str, decision: object, named: list[ToolRun], pending: list[ToolRun]) -> None:
    """Raise if a decision is about no pending call, or does not fit it."""
    if not named:
        shown = ", ".join(tool.call.id for tool in pending) or "none"
        raise ConfigurationError(f"there is no pending call {call_id!r}. Pending: {shown}")
    if len(named) > 1:
        raise ConfigurationError(f"{len(named)} pending calls have the id {call_id!r}. Decide on them in `approve`")
    if not isinstance(decision, bool | str | Mapping | ToolResultContent):
        raise ConfigurationError(
            f"a decision is True, False, a reason, arguments or a tool result, not {decision!r:.40}"
        )
    needs_function = named[0].call.name != "mcp_approval_request" and not named[0].needs_approval
    if needs_function and (decision is True or isinstance(decision, Mapping)):
        raise ConfigurationError(
            f"{named[0].call.name} has no function that could run. Decide with its result: "
            f"ToolResultContent(call_id={call_id!r}, output=...)"
        )


def read_decisions(given: Mapping[str, Decision]) -> list[tuple[str, Decision]]:
    """Return decisions by the ids of their calls; raise if they are something else."""
    if isinstance(given, Mapping):
        return list(given.items())
    raise ConfigurationError(f"decisions must be a dict by the ids of the calls, not {given!r:.40}")


def output_data(steps: Sequence[Step]) -> Any:
    """Return the structured output of the last answer as plain data; None if it has none."""
    answer = steps[-1].response.chat_response if steps else None
    contents = answer.contents if answer is not None else ()
    return next((part.data for part in contents if isinstance(part, StructuredContent)), None)
