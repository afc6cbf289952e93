"""OpenTelemetry: spans and metrics of calls, runs and tools, by the conventions for generative AI."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from . import telemetry_attributes as names
from .config import environment
from .errors import ConfigurationError
from .io.protocol import IO
from .pipeline.middleware import PROCESS_LAYERS, Layer, Target
from .telemetry_spans import AGENT_NAME, CONVERSATION_ID, RUN_SPAN, BoundTelemetry, RunSpan, started_attributes
from .types.config.call import Call
from .types.content.media import Origin
from .wire.secrets import redact_secrets

if TYPE_CHECKING:
    from opentelemetry._logs import LoggerProvider
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import Span, TracerProvider

__all__ = ["TelemetryLayer", "instrument", "stop_instrumenting", "traced"]

SCOPE = "dhenara"
CAPTURE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
MODES: dict[object, frozenset[str]] = {
    "": frozenset(),
    "no_content": frozenset(),
    "false": frozenset(),
    "true": frozenset({"span"}),
    "span": frozenset({"span"}),
    "span_only": frozenset({"span"}),
    "event": frozenset({"event"}),
    "event_only": frozenset({"event"}),
    "span_and_event": frozenset({"span", "event"}),
}
Capture = bool | Literal["span", "event", "span_and_event"]

DURATION = "gen_ai.client.operation.duration"
TOKEN_USAGE = "gen_ai.client.token.usage"
TIME_TO_FIRST_CHUNK = "gen_ai.client.operation.time_to_first_chunk"
COST = "dhenara.client.cost"
TOKENS = "dhenara.client.tokens"
SECONDS = tuple(0.01 * 2**step for step in range(14))
TOKEN_BUCKETS = tuple(4**step for step in range(14))


class TelemetryLayer:
    """Records an OpenTelemetry span and metrics for each call, run and tool. Put it first into `layers`.

    Args:
        capture_content: Whether prompts, answers, tool definitions, arguments and results are recorded: `"span"` or
            True (on spans), `"event"` (as log events), `"span_and_event"`, or False. Default None: what the environment
            variable OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT says, else not.
        tracer_provider: The tracer provider. Default None: the global one.
        meter_provider: The meter provider. Default None: the global one.
        logger_provider: The logger provider of events. Default None: the global one.

    Raises:
        ConfigurationError: If OpenTelemetry is not installed, or an argument is invalid.
    """

    def __init__(
        self,
        *,
        capture_content: Capture | None = None,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
        logger_provider: LoggerProvider | None = None,
    ) -> None:
        try:
            from opentelemetry import _logs, context, metrics, trace
        except ImportError as error:
            raise ConfigurationError(
                "OpenTelemetry is not installed. Install it with: python -m pip install 'dhenara[otel]'"
            ) from error
        for name, provider, method in (
            ("tracer_provider", tracer_provider, "get_tracer"),
            ("meter_provider", meter_provider, "get_meter"),
            ("logger_provider", logger_provider, "get_logger"),
        ):
            if provider is not None and not callable(getattr(provider, method, None)):
                raise ConfigurationError(f"TelemetryLayer({name}=...) takes a provider of OpenTelemetry, or None.")
        self.capture = read_capture(capture_content)
        self.trace, self.context, self.logs = trace, context, _logs
        self.tracer = trace.get_tracer(SCOPE, tracer_provider=tracer_provider)
        self.logger = _logs.get_logger(SCOPE, logger_provider=logger_provider)
        meter = metrics.get_meter(SCOPE, meter_provider=meter_provider)

        def histogram(name: str, unit: str, description: str, buckets: tuple[float, ...]) -> Any:
            return meter.create_histogram(name, unit, description, explicit_bucket_boundaries_advisory=buckets)

        self.durations = histogram(DURATION, "s", "GenAI operation duration.", SECONDS)
        self.usage = histogram(TOKEN_USAGE, "{token}", "Number of input and output tokens used.", TOKEN_BUCKETS)
        self.first_chunk = histogram(TIME_TO_FIRST_CHUNK, "s", "Time to receive the first chunk.", SECONDS)
        self.cost = meter.create_counter(COST, "{USD}", "Cost of calls in US dollars, as far as it is known.")
        self.tokens = meter.create_counter(TOKENS, "{token}", "Tokens read from and written to caches, and reasoning.")

    def bind(self, io: IO, target: Target) -> Layer:
        """Returns the layer for one endpoint; called once for each, in sync or async code.

        Args:
            io: Clock of the client.
            target: The endpoint.
        """
        return BoundTelemetry(self, io, target).record_span

    def start_run(self, io: IO, origin: Origin, call: Call) -> RunSpan:
        """Starts the span of a run; the calls and tools of the run get it as their parent.

        Args:
            io: Clock of the client.
            origin: Provider and model.
            call: The first call of the run.
        """
        current = call.context
        assert current is not None
        name = current.get(AGENT_NAME)
        attributes: names.Attributes = {
            names.OPERATION: names.AGENT,
            names.PROVIDER: names.PROVIDERS.get(origin.provider, origin.provider),
            names.REQUEST_MODEL: origin.model,
            **({} if name is None else {names.AGENT_NAME: name}),
        }
        parent = current.run(self.context.get_current)
        span = self.tracer.start_span(
            names.AGENT if name is None else f"{names.AGENT} {name}",
            parent,
            attributes={**attributes, **started_attributes(call)},
        )
        if "span" in self.capture and span.is_recording():
            span.set_attributes(names.prompt_contents(call))
        inner = self.trace.set_span_in_context(span, parent)
        current.run(RUN_SPAN.set, inner)
        return RunSpan(self, io, span, inner, attributes, call, io.monotonic())

    def fail(self, span: Span, kind: str, text: str) -> None:
        """Marks a span as failed.

        Args:
            span: The span.
            kind: The error type.
            text: What happened.
        """
        span.set_attribute(names.ERROR_TYPE, kind)
        span.set_status(self.trace.Status(self.trace.StatusCode.ERROR, redact_secrets(text)))


def read_capture(given: object) -> frozenset[str]:
    """Return where contents are recorded: on spans, as events, both or nowhere."""
    if given is None:
        return MODES.get(environment().get(CAPTURE, "").strip().lower(), frozenset())
    mode = MODES.get(str(given).lower()) if isinstance(given, bool | str) else None
    if mode is None:
        raise ConfigurationError('capture_content must be True, False, "span", "event" or "span_and_event"')
    return mode


def instrument(layer: TelemetryLayer | None = None) -> TelemetryLayer:
    """Record the calls, runs and tools of all clients of this process, of the engine and of the kit.

    Call it once when the program starts, before the first request. A client with a `TelemetryLayer` of its own keeps
    that one.

    Args:
        layer: The layer, for example with `capture_content=True`. Default None: one with the default settings.

    Returns:
        The layer.
    """
    stop_instrumenting()
    layer = layer or TelemetryLayer()
    PROCESS_LAYERS.insert(0, layer)
    return layer


def stop_instrumenting() -> None:
    """Undo `instrument` for clients that have sent nothing yet."""
    PROCESS_LAYERS[:] = [layer for layer in PROCESS_LAYERS if not isinstance(layer, TelemetryLayer)]


@contextmanager
def traced(*, conversation_id: str | None = None, agent_name: str | None = None) -> Iterator[None]:
    """Name the conversation or the agent in the spans of the calls and runs that are made inside.

    Args:
        conversation_id: Id of the conversation, `gen_ai.conversation.id`. Default None: unchanged.
        agent_name: Name of the agent of runs, `gen_ai.agent.name`. Default None: unchanged. A run that a tool starts
            has the name of the tool.
    """
    given = ((CONVERSATION_ID, conversation_id), (AGENT_NAME, agent_name))
    tokens = [(variable, variable.set(value)) for variable, value in given if value is not None]
    try:
        yield
    finally:
        for variable, token in reversed(tokens):
            variable.reset(token)
