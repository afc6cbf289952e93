"""Plan of a run: its settings, its limits and what it has used of them, and what functions of the user return."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self

from pydantic import PrivateAttr

from ...errors import ConfigurationError, DhenaraError, RunLimitError
from ...io.protocol import IO, new_lock
from ...types.chat.cost import total_cost
from ...types.chat.run import Limit, Run, RunLimits, RunRecord
from ...types.chat.usage import total_usage
from ...types.tools.tool import Tool
from ..streaming.structured_output import OutputProblem, OutputValidator
from .run_state import RunEvent, answers_of
from .run_store import RunStore, call_function
from .toolbox import Approve, UnfinishedRun

if TYPE_CHECKING:
    from ...types.chat.response import ChatResponse

Do = Callable[[], Awaitable[str]]
"""Performs a step and returns its result as JSON."""

PerformStep = Callable[[str, str, Do], Awaitable[str]]
"""Performs a step with its name and its key in the run, through the hook of the user."""

Instruction = str | Callable[[Run[Any]], Any]
"""A system instruction, or a function that returns it for each request, sync or async."""


@dataclass(frozen=True, slots=True, eq=False)
class AgentContext:
    """What the run of an agent that is a tool has from the run that calls it.

    Attributes:
        budget: Budget of the outer run, whose limits hold too.
        prefix: Key of the tool call, which comes before the keys of the steps of the agent.
        run_id: Id of the run of the agent.
        seconds: Seconds that are left for the tool call.
        outer: Plan of the outer run.
        saved: State of the run of the agent, if it was begun earlier.
        approve: Asks the outer run about a call of the agent that needs approval.
        emit: Reports an event of the agent.
    """

    budget: RunBudget
    prefix: str
    run_id: str
    seconds: float | None
    outer: RunPlan
    saved: Run[Any] | None
    approve: Approve | None
    emit: Callable[[RunEvent], None]


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
        is_async: Whether the run is async.
        instructions: System instructions, with the functions among them; empty if all are texts.
        validators: Functions that check the output.
        resume: The run to resume.
        store: Where the state of the run is kept after each step.
        perform: Performs each request and each tool call; None without a hook of the user.
        start: Starts a coroutine function: in sync code it runs it, in async code it returns what is to be awaited.
        record: What is known about the run before it starts.
        agent: What the run of an agent that is a tool has from the run that calls it.
    """

    limits: RunLimits = field(default_factory=RunLimits)
    approve: Approve | None = None
    tool_errors: Literal["send", "raise"] = "send"
    repairs: int = 1
    on_event: Callable[[RunEvent], None] | None = None
    on_end: Callable[[Run[Any]], object] | None = None
    streaming: bool = False
    is_async: bool = False
    instructions: tuple[Instruction, ...] = ()
    validators: tuple[Callable[[Any], Any], ...] = ()
    resume: Run[Any] | None = None
    store: RunStore | None = None
    perform: PerformStep | None = None
    start: Callable[[Callable[[], Any]], Any] = lambda work: work()
    record: RunRecord = field(default_factory=RunRecord)
    agent: AgentContext | None = None

    @property
    def prefix(self) -> str:
        """What comes before the keys of the steps of an agent."""
        return "" if self.agent is None else self.agent.prefix


AGENT_SCHEMA = {
    "type": "object",
    "properties": {"prompt": {"type": "string", "description": "What to do, with everything that is needed for it."}},
    "required": ["prompt"],
    "additionalProperties": False,
}


class InnerRun(UnfinishedRun, Protocol):
    """The run of an agent; `RunLoop` is one."""

    async def pull(self) -> RunEvent | None: ...


class AgentTool(Tool):
    """A tool that is a run of its own, with its own model, instructions and tools; `AIModelClient.as_tool` makes it.

    What the run uses counts for the run that calls it, and its pending calls are pending there.
    """

    _start: Callable[[str, AgentContext], InnerRun] | None = PrivateAttr(default=None)
    _inner_tools: tuple[Any, ...] = PrivateAttr(default=())

    @classmethod
    def of(
        cls, name: str, description: str, start: Callable[[str, AgentContext], InnerRun], tools: tuple[Any, ...]
    ) -> Self:
        """Create the tool.

        Args:
            name: Name of the tool.
            description: Description for the model.
            start: Returns the run for a prompt and what it has from the outer run.
            tools: Tools of the agent.

        Returns:
            The tool.
        """
        made = cls.from_schema(AGENT_SCHEMA, str, name=name, description=description)
        made._start, made._inner_tools = start, tools
        return made

    @property
    def is_async(self) -> bool:
        """Whether a tool of the agent is async, so that it needs an async run."""
        return any(isinstance(tool, Tool) and tool.is_async for tool in self._inner_tools)

    @property
    def needs_store(self) -> bool:
        """Whether a tool of the agent must never run twice."""
        return any(isinstance(tool, Tool) and tool.needs_store for tool in self._inner_tools)

    def start(self, prompt: str, agent: AgentContext) -> InnerRun:
        """Return the run for a prompt.

        Args:
            prompt: What the agent is to do.
            agent: What the run has from the outer run.

        Returns:
            The run, which is pulled event by event.
        """
        assert self._start is not None
        return self._start(prompt, agent)


class RunBudget:
    """What a run and its agents have used of its limits; time counts from creation.

    The budget of an agent counts for the outer run too, at the same time, so that no limit is exceeded by agents that
    run side by side.
    """

    def __init__(self, limits: RunLimits, io: IO, agent: AgentContext | None = None) -> None:
        self.limits = limits
        self._io = io
        self._outer = None if agent is None else agent.budget
        self._lock: AbstractContextManager[bool] = new_lock() if agent is None else agent.budget._lock
        self._started = io.monotonic()
        self._earlier = 0.0
        """Seconds that the run took in other processes."""

        ends = [] if limits.seconds is None else [self._started + limits.seconds]
        if agent is not None:
            ends += [] if agent.seconds is None else [self._started + agent.seconds]
            ends += [] if agent.budget._until is None else [agent.budget._until]
        self._until: float | None = min(ends) if ends else None
        self._ended = False
        self._called = 0
        self._requests = 0
        self._answers: list[Any] = []
        self._restored = 0, 0
        """How many steps and answers the run had when it was resumed."""

    def restore(self, run: Run[Any]) -> None:
        """Count what the run used before it was saved."""
        self._earlier = run.record.seconds
        if self._until is not None and self.limits.seconds is not None:
            self._until = min(self._until, self._started + max(0.0, self.limits.seconds - self._earlier))
        self._called = count_calls(run)
        answers = list(answers_of(run))
        self._requests, self._answers = len(answers), answers
        self._restored = len(run.steps), len(answers)

    def own_part(self, run: Run[Any]) -> Run[Any]:
        """Return the run with the steps, usage and cost since it was resumed; the rest was reported before."""
        steps, answers = self._restored
        if not steps:
            return run
        here = self._answers[answers:]
        usage, cost = total_usage(one.usage for one in here), total_cost(one.cost for one in here)
        return replace(run, steps=run.steps[steps:], usage=usage, cost=cost)

    @property
    def seconds(self) -> float:
        """Seconds that the run has taken."""
        return self._earlier + self._io.monotonic() - self._started

    def _chain(self) -> Iterator[RunBudget]:
        budget: RunBudget | None = self
        while budget is not None:
            yield budget
            budget = budget._outer

    def end(self) -> None:
        """Let agents that still run in threads send no further requests."""
        self._ended = True

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
        with self._lock:
            limited = [one for one in self._chain() if one.limits.calls is not None]
            admitted = min([wanted, *(max(0, (one.limits.calls or 0) - one._called) for one in limited)])
            for one in self._chain():
                one._called += admitted
        return admitted

    def count_answer(self, answer: ChatResponse) -> None:
        """Count the usage and the cost of a response."""
        with self._lock:
            for one in self._chain():
                one._answers.append(answer)

    def admit_request(self) -> Limit | None:
        """Count another request, or return the limit that forbids it."""
        with self._lock:
            limits = (one._reached_limit() for one in self._chain())
            # pyright widens the names of limits to str here.
            reached: Limit | None = next((one for one in limits if one is not None), None)  # pyright: ignore[reportAssignmentType]
            if reached is None:
                for one in self._chain():
                    one._requests += 1
        return reached

    def _reached_limit(self) -> Limit | None:
        if self._requests >= self.limits.rounds:
            return "rounds"
        if self.is_late() or self._ended:
            return "seconds"
        if self.limits.tokens is not None:
            usage = total_usage(answer.usage for answer in self._answers)
            if usage.known and usage.total_tokens >= self.limits.tokens:
                return "tokens"
        return "cost" if self.limits.cost is not None and self._answers and self._spent() >= self.limits.cost else None

    def _spent(self) -> Decimal:
        cost = total_cost(answer.cost for answer in self._answers)
        if cost.amount is None:
            raise RunLimitError(
                f"the cost limit cannot be enforced: {cost.reason}. Set cost_data on the model, or limit tokens instead"
            )
        return cost.amount

    def limit_error(self, limit: Limit) -> RunLimitError:
        """Return the error for a limit of this run, or of the one that calls it as an agent."""
        limited = [one for one in self._chain() if getattr(one.limits, limit) is not None]
        lowest = min(limited, key=lambda one: float(getattr(one.limits, limit)), default=self)
        who = "the run" if lowest is self else "the outer run"
        most = getattr(lowest.limits, limit)
        error = RunLimitError(
            f"{who} reached its limit of {'' if most is None else f'{most} '}{limit}. Raise it in RunLimits, or use "
            "otherwise='return'. The state of the run is in `run` of this error"
        )
        error.limit = limit
        return error


RUN_OUTCOMES = ("ran", "failed", "timed_out")
"""Outcomes of calls that count for the limit of calls."""


def count_calls(run: Run[Any]) -> int:
    """Return how many tool calls of a run, and of its agents, were run."""
    tools = [tool for step in run.steps for tool in step.tools]
    inner = sum(count_calls(tool.run) for tool in tools if tool.run is not None)
    return inner + sum(tool.outcome in RUN_OUTCOMES for tool in tools)


async def read_instructions(io: IO, plan: RunPlan, run: Run[Any]) -> tuple[str, ...]:
    """Return the instructions of the next request, those of functions among them."""
    texts = []
    for one in plan.instructions:
        text = one if isinstance(one, str) else await call_function(io, one, run)
        if not isinstance(text, str | None):
            raise ConfigurationError(f"a function for instructions must return a text, not {type(text).__name__}")
        texts.append(text)
    return tuple(text for text in texts if text)


async def find_problem(io: IO, validators: Sequence[Callable[[Any], Any]], output: Any) -> str | None:
    """Return what the functions of the user have against an output; None if they accept it."""
    for check in validators:
        try:
            await call_function(io, check, output)
        except DhenaraError:
            raise
        except (ValueError, AssertionError) as error:
            return str(error) or f"it did not pass {getattr(check, '__name__', type(check).__name__)}"
    return None


async def read_output(io: IO, validator: OutputValidator, plan: RunPlan, answer: ChatResponse, shape: Any) -> Any:
    """Return the output of an answer after the validators of the user have seen it, or the `OutputProblem`."""
    output = None if shape is None else validator.read(answer, shape.model_class)
    if isinstance(output, OutputProblem):
        return output
    problem = await find_problem(io, plan.validators, str(answer.text) if shape is None else output)
    return output if problem is None else validator.reject(answer, problem, is_text=shape is None)
