"""Metrics as text: for Prometheus, for OpenTelemetry, and as plain JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..value_types import JsonObject
    from .metrics import MetricsCollector


class MetricType(Enum):
    """Kinds of metrics."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    TIMER = "timer"


@dataclass
class MetricValue:
    """The value of a metric at one time."""

    name: str
    value: float
    metric_type: MetricType
    timestamp: float
    labels: dict[str, str]
    unit: str = ""
    description: str = ""


@dataclass
class HistogramBucket:
    """The number of values up to a bound."""

    upper_bound: float
    count: int


@dataclass
class PrometheusExporter:
    """Writes metrics in Prometheus' text format."""

    collector: MetricsCollector

    def export(self) -> str:
        """Return the text."""
        lines: list[str] = []
        last = None
        for metric in self.collector.get_all_metrics():
            if metric.name != last:
                last = metric.name
                lines += [f"# HELP {last} {metric.description}", f"# TYPE {last} {metric.metric_type.value}"]
            labels = ",".join(f'{name}="{escape(value)}"' for name, value in metric.labels.items())
            lines.append(f"{metric.name}{f'{{{labels}}}' if labels else ''} {metric.value}")
        return "\n".join(lines)


def escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


@dataclass
class JSONExporter:
    """Writes metrics as JSON."""

    collector: MetricsCollector

    def export(self) -> str:
        """Return the text: a list of metrics."""
        matches = self.collector.get_all_metrics()
        return json.dumps([{**asdict(one), "metric_type": one.metric_type.value} for one in matches], indent=2)


@dataclass
class OpenTelemetryExporter:
    """Writes metrics in OpenTelemetry's JSON format."""

    collector: MetricsCollector

    def export(self) -> JsonObject:
        """Return the JSON object."""
        matches = [otel_metric(metric) for metric in self.collector.get_all_metrics()]
        scope = {"scope": {"name": "ai-utilities"}, "metrics": matches}
        return {"resource_metrics": [{"resource": {}, "scope_metrics": [scope]}]}


def otel_metric(metric: MetricValue) -> JsonObject:
    attributes = [{"key": name, "value": {"string_value": value}} for name, value in metric.labels.items()]
    point = {"as_double": metric.value, "time_unix_nano": int(metric.timestamp * 1e9), "attributes": attributes}
    kind = "sum" if metric.metric_type.value == "counter" else "gauge"
    return {"name": metric.name, "description": metric.description, "unit": metric.unit, kind: {"data_points": [point]}}
