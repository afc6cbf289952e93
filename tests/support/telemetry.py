"""A client under telemetry, with its spans, metrics and events in memory."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.telemetry import TelemetryLayer
from dhenara.ai.testing import FakeServer
from dhenara.ai.types import ChatModelCostData
from support.worlds import endpoint

metrics = pytest.importorskip("opentelemetry.sdk.metrics")
trace = pytest.importorskip("opentelemetry.sdk.trace")
logs = pytest.importorskip("opentelemetry.sdk._logs")

PRICES = ChatModelCostData(input_token_cost_per_million=Decimal(1), output_token_cost_per_million=Decimal(2))


class Telemetry:
    """A layer whose spans, metrics and events stay in memory."""

    def __init__(self, sampler: Any = None, **options: Any) -> None:
        from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
        from opentelemetry.sdk.metrics.export import InMemoryMetricReader
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor
        from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

        self.exporter, self.reader, self.records = (
            InMemorySpanExporter(),
            InMemoryMetricReader(),
            InMemoryLogRecordExporter(),
        )
        self.tracing = trace.TracerProvider(sampler=sampler)
        self.tracing.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.metering = metrics.MeterProvider([self.reader])
        self.logging = logs.LoggerProvider()
        self.logging.add_log_record_processor(SimpleLogRecordProcessor(self.records))
        self.layer = TelemetryLayer(
            tracer_provider=self.tracing, meter_provider=self.metering, logger_provider=self.logging, **options
        )

    @property
    def spans(self) -> list[Any]:
        """The spans that have ended."""
        return list(self.exporter.get_finished_spans())

    def named(self, name: str) -> list[Any]:
        """The ended spans of this name."""
        return [span for span in self.spans if span.name == name]

    def parent_of(self, span: Any) -> str | None:
        """The name of the parent span; None without one."""
        if span.parent is None:
            return None
        return next(one.name for one in self.spans if one.context.span_id == span.parent.span_id)

    def events(self) -> list[Any]:
        """The log records."""
        return [one.log_record for one in self.records.get_finished_logs()]

    def points(self, name: str | None = None) -> list[Any]:
        """The data points of a metric, or of all."""
        return [point for metric in self.metrics() if name in (None, metric.name) for point in metric.data.data_points]

    def metrics(self) -> list[Any]:
        """All metrics."""
        reported = self.reader.get_metrics_data()
        if reported is None:
            return []
        return [one for r in reported.resource_metrics for s in r.scope_metrics for one in s.metrics]

    def close(self) -> None:
        """Shut the providers down."""
        self.tracing.shutdown()
        self.metering.shutdown()
        self.logging.shutdown()


def traced_client(server: FakeServer, telemetry: Telemetry, *more: Any, **config: Any) -> AIModelClient:
    """A client with the layer outside of all others."""
    to = endpoint(server.url, **config).model_copy(update={"cost_data": PRICES})
    return AIModelClient(to, layers=[telemetry.layer, *more])
