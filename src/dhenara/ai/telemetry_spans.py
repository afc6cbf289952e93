"""The spans of OpenTelemetry: of a call, a run and a tool. Each ends exactly once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from time import time_ns
from typing import TYPE_CHECKING, Any

from . import telemetry_attributes as names
from .io.protocol import IO
from .pipeline.call_log import stored_error_text
from .pipeline.middleware import Send, Target, missing_stream
from .pipeline.streaming.stream import Stream
from .types.chat.response import ChatResponse
from .types.chat.run import Run, ToolRun
from .types.config.call import Call
from .types.content.parts import ToolCallContent
from .types.tools.tool_definition import ToolDefinition

if TYPE_CHECKING:
    from opentelemetry.context import Context as SpanContext
    from opentelemetry.trace import Span

    from .telemetry import TelemetryLayer

DETAILS = "gen_ai.client.inference.operation.details"
"""Event with the contents of a call."""

RUN_SPAN: ContextVar[SpanContext | None] = ContextVar("dhenara_run_span", default=None)
"""The context of OpenTelemetry in which a run makes its calls and runs its tools."""

CONVERSATION_ID: ContextVar[str | None] = ContextVar("dhenara_conversation_id", default=None)
AGENT_NAME: ContextVar[str | None] = ContextVar("dhenara_agent_name", default=None)


def started_attributes(call: Call) -> names.Attributes:
    """Return what is known of a call before it is sent."""
    conversation = CONVERSATION_ID.get() if call.context is None else call.context.get(CONVERSATION_ID)
    own = {} if conversation is None else {names.CONVERSATION: conversation}
    return {**names.call_attributes(call), **own}


@dataclass(frozen=True, slots=True)
class BoundTelemetry:
    """The telemetry of calls to one target."""

    layer: TelemetryLayer
    io: IO
    target: Target

    async def record_span(self, call: Call, send: Send) -> Stream:
        """Records a span and metrics of the call."""
        layer, trace = self.layer, self.layer.trace
        about = names.request_attributes(self.target, call.operation)
        span = layer.tracer.start_span(
            f"{about[names.OPERATION]} {about[names.REQUEST_MODEL]}",
            None if call.context is None else call.context.get(RUN_SPAN),
            kind=trace.SpanKind.CLIENT,
            attributes={**about, **started_attributes(call)},
        )
        ending = CallSpan(self, call, span, about, self.io.monotonic())
        if ending.captures("span"):
            span.set_attributes(names.prompt_contents(call))
        try:
            with trace.use_span(span, end_on_exit=False, record_exception=False, set_status_on_exception=False):
                stream = await send(call)
                if stream is None:
                    raise missing_stream(send, stream)
        except BaseException as error:
            ending.end(None, error)
            raise
        if call.config.streaming:
            ending.first = self.io.monotonic() - ending.started
        stream.on_end(ending.end_with_stream)
        return stream


@dataclass(slots=True, eq=False)
class CallSpan:
    """The span of one call; `first`: seconds to the first chunk of a stream."""

    bound: BoundTelemetry
    call: Call
    span: Span
    about: names.Attributes
    started: float
    first: float | None = None

    def captures(self, where: str) -> bool:
        """Return whether contents are recorded there."""
        return where in self.bound.layer.capture and self.call.operation == "chat" and self.span.is_recording()

    async def end_with_stream(self, stream: Stream) -> None:
        """End the span when the stream has ended, for whatever reason."""
        self.end(stream.partial(), stream.error, complete=stream.complete)

    def end(self, answer: ChatResponse | None, error: BaseException | None, *, complete: bool = False) -> None:
        """End the span and record the metrics."""
        layer, span, about = self.bound.layer, self.span, dict(self.about)
        if error is not None or not complete:
            about[names.ERROR_TYPE] = "cancelled" if error is None else type(error).__name__
            layer.fail(span, str(about[names.ERROR_TYPE]), self._describe(error))
        span.set_attribute(names.ATTEMPTS, len(self.call.journal.attempts))
        if self.first is not None:
            span.set_attribute(names.FIRST_CHUNK, self.first)
        if answer is not None:
            if answer.model:
                about[names.RESPONSE_MODEL] = answer.model
            span.set_attributes(names.response_attributes(answer))
            if self.captures("span"):
                span.set_attributes(names.answer_contents(answer))
            if not answer.cached:
                self._record_usage(answer, {name: value for name, value in about.items() if name != names.ERROR_TYPE})
        if self.captures("event"):
            self._emit_details(answer, about)
        layer.durations.record(self.bound.io.monotonic() - self.started, about, self._context())
        span.end()

    def _context(self) -> SpanContext:
        """Return the context of the span, for exemplars and events."""
        context: SpanContext = self.bound.layer.trace.set_span_in_context(self.span)
        return context

    def _describe(self, error: BaseException | None) -> str:
        """Return the error text; without captured content, quotes of the prompt are removed."""
        if error is None:
            return "cancelled by the caller"
        return str(error) if self.captures("span") else stored_error_text(error, self.call)

    def _record_usage(self, answer: ChatResponse, about: names.Attributes) -> None:
        layer, context = self.bound.layer, self._context()
        if self.first is not None:
            layer.first_chunk.record(self.first, about, context)
        if answer.cost.amount:
            layer.cost.add(float(answer.cost.amount), about, context)
        if not answer.usage:
            return
        for field, count in names.count_tokens(answer.usage, chat=bool(answer.choices)).items():
            if field in names.TOKEN_TYPES:
                layer.usage.record(count, {**about, names.TOKEN_TYPE: names.TOKEN_TYPES[field]}, context)
            else:
                layer.tokens.add(count, {**about, names.TOKEN_KIND: names.TOKEN_KINDS[field]}, context)

    def _emit_details(self, answer: ChatResponse | None, about: names.Attributes) -> None:
        """Emit the event with the contents of the call."""
        layer, answered = self.bound.layer, {}
        if answer is not None:
            answered = {**names.response_attributes(answer), **names.answer_contents(answer)}
        attributes = {**about, **started_attributes(self.call), **names.prompt_contents(self.call), **answered}
        layer.logger.emit(layer.logs.LogRecord(context=self._context(), event_name=DETAILS, attributes=attributes))


@dataclass(frozen=True, slots=True)
class RunSpan:
    """The span of a run."""

    layer: TelemetryLayer
    io: IO
    span: Span
    inner: SpanContext
    about: names.Attributes
    call: Call
    started: float

    def start_tool(self, call: ToolCallContent, tool: ToolDefinition | None) -> ToolSpan:
        """Start the span of a tool."""
        about = names.tool_attributes(call, tool)
        span = self.layer.tracer.start_span(f"{names.TOOL} {call.name}", self.inner, attributes=about)
        return ToolSpan(self, call, span, self.io.monotonic())

    def end(self, run: Run[Any], error: BaseException | None) -> None:
        """End the span."""
        about = dict(self.about)
        if error is not None or run.stopped == "interrupted":
            about[names.ERROR_TYPE] = "cancelled" if error is None else type(error).__name__
            text = "cancelled by the caller" if error is None else stored_error_text(error, self.call)
            self.layer.fail(self.span, str(about[names.ERROR_TYPE]), text)
        self.span.set_attributes(names.run_attributes(run))
        if "span" in self.layer.capture and self.span.is_recording() and run.response is not None:
            self.span.set_attributes(names.answer_contents(run.response))
        self.layer.durations.record(self.io.monotonic() - self.started, about, self.inner)
        self.span.end()


@dataclass(slots=True, eq=False)
class ToolSpan:
    """The span of a tool call; `seconds`: how long its function ran."""

    run: RunSpan
    call: ToolCallContent
    span: Span
    started: float
    seconds: float | None = None
    ended: int | None = None

    @contextmanager
    def running(self) -> Iterator[None]:
        """Make the span the current one, and the name of the tool that of the agent inside it."""
        layer = self.run.layer
        token = layer.context.attach(layer.trace.set_span_in_context(self.span, self.run.inner))
        name = AGENT_NAME.set(self.call.name)
        try:
            yield
        finally:
            AGENT_NAME.reset(name)
            layer.context.detach(token)

    def returned(self) -> None:
        """Note the duration, because the span ends when the outcome is known."""
        self.seconds, self.ended = self.run.io.monotonic() - self.started, time_ns()

    def end(self, run: ToolRun | None) -> None:
        """End the span with the outcome."""
        layer, about = self.run.layer, {names.OPERATION: names.TOOL, names.TOOL_NAME: self.call.name}
        seconds = self.run.io.monotonic() - self.started if self.seconds is None else self.seconds
        outcome = "cancelled" if run is None else run.outcome
        self.span.set_attribute(names.OUTCOME, outcome)
        if outcome != "ran":
            # A tool with once=True that did not end in time is pending, because it may have had its effect.
            error = "timed_out" if outcome == "pending" and run is not None and run.run is None else outcome
            about[names.ERROR_TYPE] = error
            layer.fail(self.span, error, error)
        if run is not None and "span" in layer.capture and self.span.is_recording():
            self.span.set_attributes(names.tool_contents(run))
        layer.durations.record(seconds, about, layer.trace.set_span_in_context(self.span))
        self.span.end(self.ended)
