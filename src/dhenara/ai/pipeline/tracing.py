"""Reports events of calls, runs and tools to an observer; never contents or secrets. The interface of run tracers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, Literal, Protocol

from ..errors import DhenaraError
from ..io.protocol import IO
from ..types.chat.report import Attempt
from ..types.chat.run import Run, Stopped, ToolOutcome, ToolRun
from ..types.chat.usage import Usage
from ..types.config.call import Call
from ..types.content.media import Origin
from ..types.content.parts import ToolCallContent
from ..types.tools.tool_definition import ToolDefinition
from .middleware import Send, missing_stream
from .streaming.stream import Stream


@dataclass(frozen=True, slots=True)
class CallStarted:
    provider: str
    model: str
    streaming: bool
    operation: str = "chat"


@dataclass(frozen=True, slots=True)
class CallAnswered:
    """The first content has arrived."""

    provider: str
    model: str
    seconds: float
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True)
class CallEnded:
    """The response ended: complete, interrupted, or closed by the caller."""

    provider: str
    model: str
    seconds: float
    outcome: Literal["complete", "interrupted"]
    finish_reason: str | None
    usage: Usage
    error: str | None = None


@dataclass(frozen=True, slots=True)
class CallFailed:
    """The call failed without a response."""

    provider: str
    model: str
    seconds: float
    error: str
    attempts: tuple[Attempt, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class DeploymentChosen:
    """A route sends the call to this deployment, and why. The other events of the deployment follow."""

    provider: str
    model: str
    route: str
    deployment: str
    reason: str


@dataclass(frozen=True, slots=True)
class RunTraceStarted:
    """A run has started. `run_id` is unique in this process; `parent_id` is that of the run whose tool started it."""

    provider: str
    model: str
    run_id: int
    parent_id: int | None = None


@dataclass(frozen=True, slots=True)
class RunTraceEnded:
    """A run has ended, for whatever reason. `error` is the name of the exception that ended it, if one did."""

    provider: str
    model: str
    run_id: int
    seconds: float
    stopped: Stopped
    usage: Usage
    error: str | None = None


@dataclass(frozen=True, slots=True)
class ToolTraceStarted:
    """A tool of a run starts."""

    run_id: int
    call_id: str
    tool: str


@dataclass(frozen=True, slots=True)
class ToolTraceEnded:
    """A tool of a run has ended. `outcome` is None if the run was cancelled meanwhile."""

    run_id: int
    call_id: str
    tool: str
    seconds: float
    outcome: ToolOutcome | None


CallEvent = (
    CallStarted
    | CallAnswered
    | CallEnded
    | CallFailed
    | DeploymentChosen
    | RunTraceStarted
    | RunTraceEnded
    | ToolTraceStarted
    | ToolTraceEnded
)
Observer = Callable[[CallEvent], None]


@dataclass(slots=True, eq=False)
class Trace:
    """Outermost middleware, so that it sees all attempts and every end."""

    io: IO
    observer: Observer

    async def trace_call(self, call: Call, send: Send) -> Stream:
        """Report the start and the end of the call."""
        who = str(call.endpoint.api.provider), call.endpoint.ai_model.model_name
        started = self.io.monotonic()
        self.observer(CallStarted(*who, call.config.streaming, call.operation))
        try:
            stream = await send(call)
            if stream is None:
                raise missing_stream(send, stream)
        except DhenaraError as error:
            self.observer(CallFailed(*who, self.io.monotonic() - started, type(error).__name__, error.attempts))
            raise
        self.observer(CallAnswered(*who, self.io.monotonic() - started, tuple(call.journal.attempts)))

        async def ended(stream: Stream) -> None:
            answer = stream.partial()
            self.observer(
                CallEnded(
                    *who,
                    self.io.monotonic() - started,
                    "interrupted" if answer.interrupted else "complete",
                    answer.finish_reason,
                    answer.usage,
                    answer.error,
                )
            )

        stream.on_end(ended)
        return stream


class ToolTrace(Protocol):
    """What follows one tool call."""

    def running(self) -> AbstractContextManager[None]:
        """Return a context manager around the function of the tool, in its thread or task."""
        ...

    def returned(self) -> None:
        """Note that the function has returned or raised."""

    def end(self, run: ToolRun | None) -> None:
        """End the trace, once, with the outcome; None if the run was cancelled meanwhile."""


class RunTrace(Protocol):
    """What follows one run."""

    def start_tool(self, call: ToolCallContent, tool: ToolDefinition | None) -> ToolTrace:
        """Start to follow a tool call."""
        ...

    def end(self, run: Run[Any], error: BaseException | None) -> None:
        """End the trace, once, with the run and the exception that ended it, if one did."""


class RunTracer(Protocol):
    """A layer that follows runs as well: it has `start_run`."""

    def start_run(self, io: IO, origin: Origin, call: Call) -> RunTrace:
        """Start to follow a run.

        Args:
            io: The clock.
            origin: Provider and model.
            call: The first call of the run. Context variables that are set in its `context` are seen by the layer in
                all calls of the run.
        """
        ...


@dataclass(slots=True, eq=False)
class RunTracing:
    """The traces of one run."""

    traces: list[RunTrace]

    def start_tool(self, call: ToolCallContent, tool: ToolDefinition | None) -> ToolTracing:
        return ToolTracing([trace.start_tool(call, tool) for trace in self.traces])

    def end(self, run: Run[Any], error: BaseException | None) -> None:
        """End the traces, once."""
        traces, self.traces = self.traces, []
        for trace in traces:
            trace.end(run, error)


@dataclass(slots=True, eq=False)
class ToolTracing:
    """The traces of one tool call."""

    traces: list[ToolTrace]

    @contextmanager
    def running(self) -> Iterator[None]:
        with ExitStack() as stack:
            for trace in self.traces:
                stack.enter_context(trace.running())
            try:
                yield
            finally:
                for trace in self.traces:
                    trace.returned()

    def end(self, run: ToolRun | None) -> None:
        """End the traces, once."""
        traces, self.traces = self.traces, []
        for trace in traces:
            trace.end(run)


def start_tracing(
    layers: Sequence[Any], observer: Observer | None, io: IO, origin: Origin, call: Call
) -> tuple[RunTracing, Call]:
    """Return the traces of a run, and its call with the context in which they were started."""
    call = call if call.context is not None else replace(call, context=copy_context())
    tracers: list[RunTracer] = [*layers, *([] if observer is None else [RunObserver(observer)])]
    return RunTracing([tracer.start_run(io, origin, call) for tracer in tracers]), call


RUN_IDS = count(1)
CURRENT_RUN: ContextVar[int | None] = ContextVar("dhenara_run", default=None)
"""Number of the run whose tool is running."""


@dataclass(frozen=True, slots=True)
class RunObserver:
    """Reports runs and their tools to the observer of a client."""

    observer: Observer

    def start_run(self, io: IO, origin: Origin, call: Call) -> ObservedRun:
        """Report the start of a run."""
        parent = CURRENT_RUN.get() if call.context is None else call.context.get(CURRENT_RUN)
        trace = ObservedRun(self.observer, io, origin, next(RUN_IDS), io.monotonic())
        self.observer(RunTraceStarted(origin.provider, origin.model, trace.run_id, parent))
        return trace


@dataclass(frozen=True, slots=True)
class ObservedRun:
    """A run whose end is reported."""

    observer: Observer
    io: IO
    origin: Origin
    run_id: int
    started: float

    def start_tool(self, call: ToolCallContent, tool: ToolDefinition | None) -> ObservedTool:
        """Report the start of a tool."""
        self.observer(ToolTraceStarted(self.run_id, call.id, call.name))
        return ObservedTool(self, call, self.io.monotonic())

    def end(self, run: Run[Any], error: BaseException | None) -> None:
        """Report the end of the run."""
        name = None if error is None else type(error).__name__
        seconds = self.io.monotonic() - self.started
        about = self.origin.provider, self.origin.model, self.run_id
        self.observer(RunTraceEnded(*about, seconds, run.stopped, run.usage, name))


@dataclass(slots=True)
class ObservedTool:
    """A tool whose end is reported."""

    run: ObservedRun
    call: ToolCallContent
    started: float
    seconds: float | None = None

    @contextmanager
    def running(self) -> Iterator[None]:
        """Set the number of the run for runs that the tool starts."""
        token = CURRENT_RUN.set(self.run.run_id)
        try:
            yield
        finally:
            CURRENT_RUN.reset(token)

    def returned(self) -> None:
        """Note the duration."""
        self.seconds = self.run.io.monotonic() - self.started

    def end(self, run: ToolRun | None) -> None:
        """Report the end of the tool."""
        seconds = self.run.io.monotonic() - self.started if self.seconds is None else self.seconds
        outcome = None if run is None else run.outcome
        self.run.observer(ToolTraceEnded(self.run.run_id, self.call.id, self.call.name, seconds, outcome))
