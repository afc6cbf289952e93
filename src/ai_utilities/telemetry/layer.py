"""OpenTelemetry around calls: a span for each, and metrics. What was said is left out unless it is asked for."""

from __future__ import annotations

from typing import Any

from dhenara.ai import Layer, Send, Stream
from dhenara.ai.errors import ConfigurationError
from dhenara.ai.types import Call, ChatResponse

from ..storage.running import World
from . import names
from .attributes import answered_content, asked_content, counted, identity, request, response
from .redaction import redacted


class TelemetryLayer:
    """Put it first into `layers`. Without providers, the process's own are used, as OpenTelemetry has them.

    `capture_content` puts prompts and answers on the spans: whoever reads the spans reads those.
    """

    def __init__(
        self, *, capture_content: bool = False, tracer_provider: Any = None, meter_provider: Any = None
    ) -> None:
        try:
            from opentelemetry import metrics, trace
        except ImportError as error:
            raise ConfigurationError("telemetry needs OpenTelemetry's API: pip install 'dhenara[otel]'") from error
        self.capture_content = capture_content
        self.trace = trace
        self.tracer = trace.get_tracer("ai_utilities", tracer_provider=tracer_provider)
        meter = metrics.get_meter("ai_utilities", meter_provider=meter_provider)
        self.duration = meter.create_histogram(
            names.DURATION, "s", "How long calls take.", explicit_bucket_boundaries_advisory=names.SECONDS
        )
        self.first_chunk = meter.create_histogram(
            names.TIME_TO_FIRST_CHUNK,
            "s",
            "How long until answers begin.",
            explicit_bucket_boundaries_advisory=names.SECONDS,
        )
        self.tokens = {field: meter.create_counter(name, "{token}") for field, name in names.COUNTERS.items()}

    def bind(self, io: World, target: Any) -> Layer:
        return Bound(self, io, target)


class Bound:
    """The telemetry of calls to one target."""

    def __init__(self, layer: TelemetryLayer, io: World, target: Any) -> None:
        self._layer = layer
        self._io = io
        self._identity = identity(target)

    async def __call__(self, call: Call, send: Send) -> Stream:
        layer, trace = self._layer, self._layer.trace
        span = layer.tracer.start_span(
            f"chat {self._identity[names.REQUEST_MODEL]}",
            kind=trace.SpanKind.CLIENT,
            attributes={**self._identity, **request(call)},
        )
        if layer.capture_content and span.is_recording():
            span.set_attributes(asked_content(call))
        started = self._io.now()
        try:
            with trace.use_span(span, end_on_exit=False, record_exception=False, set_status_on_exception=False):
                stream = await send(call)
        except BaseException as error:
            self._failed(span, type(error).__name__, str(error))
            self._over(span, call, started, type(error).__name__)
            raise
        first = self._io.now() - started
        span.set_attribute(names.FIRST_CHUNK, first)

        async def ended(stream: Stream) -> None:
            answer, failed = stream.partial(), None
            if not stream.complete:
                failed = type(stream.error).__name__ if stream.error else "cancelled"
                self._failed(span, failed, answer.error or "the caller left")
            self._answered(span, answer, first)
            self._over(span, call, started, failed)

        stream.on_end(ended)
        return stream

    def _failed(self, span: Any, kind: str, said: str) -> None:
        span.set_attribute(names.ERROR_TYPE, kind)
        span.set_status(self._layer.trace.Status(self._layer.trace.StatusCode.ERROR, redacted(said)))

    def _answered(self, span: Any, answer: ChatResponse, first: float) -> None:
        span.set_attributes(response(answer))
        if self._layer.capture_content and span.is_recording():
            span.set_attributes(answered_content(answer))
        if answer.cached:
            return
        self._layer.first_chunk.record(first, self._identity)
        if answer.usage is not None:
            for field, count in counted(answer.usage).items():
                self._layer.tokens[field].add(count, self._identity)

    def _over(self, span: Any, call: Call, started: float, failed: str | None) -> None:
        span.set_attribute(names.ATTEMPTS, len(call.journal.attempts))
        more = {names.ERROR_TYPE: failed} if failed else {}
        self._layer.duration.record(self._io.now() - started, {**self._identity, **more})
        span.end()
