"""Spans, metrics and events of real calls, exported by OTLP to a receiver that reads the protocol's own messages."""

from __future__ import annotations

import gzip
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from dhenara.ai.testing import Answer, FakeServer, FakeToolCall, FakeUsage

trace_service = pytest.importorskip("opentelemetry.proto.collector.trace.v1.trace_service_pb2")
metrics_service = pytest.importorskip("opentelemetry.proto.collector.metrics.v1.metrics_service_pb2")
logs_service = pytest.importorskip("opentelemetry.proto.collector.logs.v1.logs_service_pb2")
pytest.importorskip("opentelemetry.exporter.otlp.proto.http")

SERVICES = {
    "/v1/traces": (trace_service.ExportTraceServiceRequest, trace_service.ExportTraceServiceResponse),
    "/v1/metrics": (metrics_service.ExportMetricsServiceRequest, metrics_service.ExportMetricsServiceResponse),
    "/v1/logs": (logs_service.ExportLogsServiceRequest, logs_service.ExportLogsServiceResponse),
}
KEY = "sk-test-abcdefghijklmnop"
PROGRAM = """
import os
from opentelemetry import _logs, metrics, trace
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from ai_utilities import AiClient
from dhenara.ai.telemetry import instrument

spans, logs = TracerProvider(), LoggerProvider()
spans.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
meters = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())])
trace.set_tracer_provider(spans)
metrics.set_meter_provider(meters)
_logs.set_logger_provider(logs)
instrument()


def weather(city: str) -> str:
    "The weather."
    return "warm"


with AiClient("openai/fake-1", api_key=os.environ["KEY"], base_url=os.environ["MODEL_URL"]) as client:
    client.ask("How warm?", tools=[weather])
    "".join(client.ask_stream("How warm?"))
for provider in (spans, logs, meters):
    provider.shutdown()
"""


@contextmanager
def collector() -> Iterator[tuple[str, dict[str, list[Any]]]]:
    """A receiver of OTLP over HTTP, and the messages that it got, by path."""
    received: dict[str, list[Any]] = {path: [] for path in SERVICES}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            request, response = SERVICES[self.path]
            received[self.path].append(request.FromString(body))
            written = response().SerializeToString()
            self.send_response(200)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", str(len(written)))
            self.end_headers()
            self.wfile.write(written)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", received
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_everything_arrives_at_a_collector(server: FakeServer) -> None:
    server.add_replies(
        Answer(text="Hm.", tool_calls=(FakeToolCall("weather", {"city": "Rome"}, "c1"),), usage=FakeUsage(10, 5)),
        Answer(text="It is warm.", usage=FakeUsage(20, 7)),
        Answer(text="Warm.", usage=FakeUsage(10, 2)),
    )
    with collector() as (url, received):
        environment = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": url,
            "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "EVENT_ONLY",
            "OTEL_SERVICE_NAME": "weather-bot",
            "MODEL_URL": f"{server.url}/v1",
            "KEY": KEY,
        }
        command = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(PROGRAM)]
        subprocess.run(command, env=environment, timeout=240, check=True)
    spans = [
        span
        for message in received["/v1/traces"]
        for resource in message.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    names = ["chat fake-1", "chat fake-1", "chat fake-1", "execute_tool weather", "invoke_agent"]
    assert sorted(span.name for span in spans) == names
    (run,) = [span for span in spans if span.name == "invoke_agent"]
    children = [span.name for span in spans if span.parent_span_id == run.span_id]
    assert sorted(children) == ["chat fake-1", "chat fake-1", "execute_tool weather"]
    assert len({span.trace_id for span in spans}) == 2
    usage = {one.key: one.value.int_value for one in run.attributes if one.key.startswith("gen_ai.usage")}
    assert usage == {"gen_ai.usage.input_tokens": 30, "gen_ai.usage.output_tokens": 12}
    metrics = {
        metric.name
        for message in received["/v1/metrics"]
        for resource in message.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }
    assert {
        "gen_ai.client.operation.duration",
        "gen_ai.client.token.usage",
        "gen_ai.client.operation.time_to_first_chunk",
    } <= metrics
    events = [
        record
        for message in received["/v1/logs"]
        for resource in message.resource_logs
        for scope in resource.scope_logs
        for record in scope.log_records
    ]
    assert [event.event_name for event in events] == ["gen_ai.client.inference.operation.details"] * 3
    assert {event.span_id for event in events} == {span.span_id for span in spans if span.name == "chat fake-1"}
    everything = str(received)
    assert "weather-bot" in everything
    assert KEY not in everything
