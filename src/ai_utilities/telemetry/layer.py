"""Middleware that makes OpenTelemetry spans and metrics, and middleware that logs calls."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from dhenara.ai import Layer, Send, Stream, Target
from dhenara.ai.errors import ConfigurationError
from dhenara.ai.types import Call, ChatResponse

from ..config_secrets import redact
from ..storage.store_calls import StoreIO
from ..usage.attempt_rows import stored_text
from .attributes import (
    ATTEMPTS,
    COUNTERS,
    DURATION,
    DURATIONS,
    EMBEDDED_TOKENS,
    ERROR_TYPE,
    FIRST_CHUNK,
    OPERATION,
    REQUEST_MODEL,
    RESPONSE_MODEL,
    SECONDS,
    TIME_TO_FIRST_CHUNK,
    TOKENS,
    Attributes,
    answer_attributes,
    call_attributes,
    prompt_attributes,
    request_attributes,
    response_attributes,
    token_attributes,
)

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import Span, TracerProvider


class TelemetryLayer:
    """Records an OpenTelemetry span and metrics for each call. Put it first into `layers`.

    Args:
        capture_content: Whether prompts and answers are recorded on spans (default False).
        tracer_provider: The tracer provider. Default None: the global one.
        meter_provider: The meter provider. Default None: the global one.

    Raises:
        ConfigurationError: If OpenTelemetry is not installed.
    """

    def __init__(
        self,
        *,
        capture_content: bool = False,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
    ) -> None:
        try:
            from opentelemetry import metrics, trace
        except ImportError as error:
            raise ConfigurationError(
                "OpenTelemetry is not installed. Install it with: python -m pip install 'dhenara[otel]'"
            ) from error
        for name, provider, method in (
            ("tracer_provider", tracer_provider, "get_tracer"),
            ("meter_provider", meter_provider, "get_meter"),
        ):
            if provider is not None and not callable(getattr(provider, method, None)):
                raise ConfigurationError(f"TelemetryLayer({name}=...) takes a provider of OpenTelemetry, or None.")
        self.capture_content = capture_content
        self.trace = trace
        self.tracer = trace.get_tracer("ai_utilities", tracer_provider=tracer_provider)
        meter = metrics.get_meter("ai_utilities", meter_provider=meter_provider)
        self.durations = {
            operation: meter.create_histogram(
                name, "s", "Duration of calls.", explicit_bucket_boundaries_advisory=SECONDS
            )
            for operation, name in (*DURATIONS.items(), ("", DURATION))
        }
        self.first_chunk = meter.create_histogram(
            TIME_TO_FIRST_CHUNK,
            "s",
            "Time to the first chunk of streamed answers.",
            explicit_bucket_boundaries_advisory=SECONDS,
        )
        self.embedded = meter.create_histogram(
            EMBEDDED_TOKENS,
            "{token}",
            "Tokens of embedded texts.",
            explicit_bucket_boundaries_advisory=TOKENS,
        )
        self.tokens = {field: meter.create_counter(name, "{token}") for field, name in COUNTERS.items()}

    def bind(self, io: StoreIO, target: Target) -> Layer:
        """Returns the layer for one endpoint; called once for each, in sync or async code.

        Args:
            io: Clock, sleep and threads of the client.
            target: The endpoint.
        """
        return BoundTelemetry(self, io, target).record_span


class BoundTelemetry:
    """The telemetry of calls to one target."""

    def __init__(self, layer: TelemetryLayer, io: StoreIO, target: Target) -> None:
        self._layer = layer
        self._io = io
        self._target = target

    async def record_span(self, call: Call, send: Send) -> Stream:
        """Records a span and metrics of the call."""
        layer, trace = self._layer, self._layer.trace
        target_attributes = request_attributes(self._target, call.operation)
        span = layer.tracer.start_span(
            f"{target_attributes[OPERATION]} {target_attributes[REQUEST_MODEL]}",
            kind=trace.SpanKind.CLIENT,
            attributes={**target_attributes, **call_attributes(call)},
        )
        captured = layer.capture_content and span.is_recording() and call.operation == "chat"
        if captured:
            span.set_attributes(prompt_attributes(call))
        started = self._io.monotonic()
        try:
            with trace.use_span(span, end_on_exit=False, record_exception=False, set_status_on_exception=False):
                stream = await send(call)
        except BaseException as error:
            self._record_failure(span, type(error).__name__, self._text(error, call, captured))
            self._end_span(span, call, target_attributes, started, type(error).__name__)
            raise
        first = self._io.monotonic() - started if call.config.streaming else None
        if first is not None:
            span.set_attribute(FIRST_CHUNK, first)

        async def ended(stream: Stream) -> None:
            answer, failed = stream.partial(), None
            if not stream.complete:
                failed = type(stream.error).__name__ if stream.error else "cancelled"
                self._record_failure(
                    span,
                    failed,
                    self._text(stream.error, call, captured) if stream.error else "cancelled by the caller",
                )
            span.set_attributes(response_attributes(answer))
            if captured:
                span.set_attributes(answer_attributes(answer))
            attributes = {**target_attributes, RESPONSE_MODEL: answer.model} if answer.model else target_attributes
            if not answer.cached:
                self._record_tokens(call, answer, first, attributes)
            self._end_span(span, call, attributes, started, failed)

        stream.on_end(ended)
        return stream

    def _text(self, error: BaseException, call: Call, captured: bool) -> str:
        """Return the error text; without captured content, quotes of the prompt are removed."""
        return str(error) if captured else stored_text(error, call)

    def _record_failure(self, span: Span, kind: str, text: str) -> None:
        span.set_attribute(ERROR_TYPE, kind)
        span.set_status(self._layer.trace.Status(self._layer.trace.StatusCode.ERROR, redact(text)))

    def _record_tokens(self, call: Call, answer: ChatResponse, first: float | None, attributes: Attributes) -> None:
        """Record token counts; only chat answers have counters of every kind."""
        if first is not None:
            self._layer.first_chunk.record(first, attributes)
        if not answer.usage:
            return
        if call.operation == "embed":
            self._layer.embedded.record(answer.usage.prompt_tokens, attributes)
        elif call.operation == "chat":
            for field, count in token_attributes(answer).items():
                self._layer.tokens[field].add(count, attributes)

    def _end_span(self, span: Span, call: Call, attributes: Attributes, started: float, failed: str | None) -> None:
        span.set_attribute(ATTEMPTS, len(call.journal.attempts))
        durations = self._layer.durations
        duration = durations.get(call.operation, durations[""])
        duration.record(self._io.monotonic() - started, {**attributes, ERROR_TYPE: failed} if failed else attributes)
        span.end()


log = logging.getLogger("ai_utilities.calls")


class LogLayer:
    """Logs answers at INFO, and failed or interrupted calls at WARNING. Put it first into `layers`.

    Args:
        logger: Where it logs. Default: `ai_utilities.calls`.
    """

    def __init__(self, logger: logging.Logger = log) -> None:
        self.logger = logger

    def bind(self, io: StoreIO, target: Target) -> Layer:
        """Returns the layer for one endpoint; called once for each, in sync or async code.

        Args:
            io: Clock, sleep and threads of the client.
            target: The endpoint.
        """
        endpoint = f"{target.origin.provider} ({target.origin.model})"
        logger = self.logger

        async def log_call(call: Call, send: Send) -> Stream:
            started = io.monotonic()
            try:
                stream = await send(call)
            except BaseException as error:
                text = stored_text(error, call)
                logger.warning("%s failed after %.3f s: %s", endpoint, io.monotonic() - started, text)
                raise

            async def ended(stream: Stream) -> None:
                answer, seconds = stream.partial(), io.monotonic() - started
                if not stream.complete:
                    why = stored_text(stream.error, call) if stream.error else "cancelled by the caller"
                    logger.warning("%s interrupted after %.3f s: %s", endpoint, seconds, why)
                    return
                tokens = answer.usage.total_tokens if answer.usage else None
                cost = answer.cost.amount
                facts = {"provider": target.origin.provider, "model": target.origin.model, "cached": answer.cached}
                logger.info(
                    "%s %s in %.3f s: %s tokens, %s",
                    endpoint,
                    "was cached" if answer.cached else "answered",
                    seconds,
                    "unknown" if tokens is None else tokens,
                    "cost unknown" if cost is None else f"${cost:f}",
                    extra={**facts, "tokens": tokens, "seconds": seconds, "attempts": len(call.journal.attempts)},
                )

            stream.on_end(ended)
            return stream

        return log_call
