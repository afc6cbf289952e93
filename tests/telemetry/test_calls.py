"""OpenTelemetry by the GenAI conventions, and logs without secrets."""

from __future__ import annotations

import asyncio
import json
import logging
from decimal import Decimal
from typing import Any

import pytest

from ai_utilities.cache import CacheLayer, MemoryCache
from ai_utilities.telemetry import LogLayer, RedactingFilter, TelemetryLayer, redact
from ai_utilities.usage import tagged
from dhenara.ai import AIModelClient
from dhenara.ai.errors import AuthenticationError
from dhenara.ai.testing import Answer, CutReply, DialectReply, FakeServer, FakeUsage, Raw, Refusal, stall_before_head
from dhenara.ai.types import ChatModelCostData
from support.waiting import wait_until_async
from support.worlds import World, endpoint

metrics = pytest.importorskip("opentelemetry.sdk.metrics")
trace = pytest.importorskip("opentelemetry.sdk.trace")

HELLO = Answer(text="Hello!", usage=FakeUsage(100, 50, cache_read=20))
PRICES = ChatModelCostData(input_token_cost_per_million=Decimal(1), output_token_cost_per_million=Decimal(2))


class Watched:
    """A client under telemetry, and its spans."""

    def __init__(self, server: FakeServer, *more: Any, provider: str = "openai", **how: Any) -> None:
        from opentelemetry.sdk.metrics.export import InMemoryMetricReader
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor
        from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

        self.exporter, self.reader = InMemorySpanExporter(), InMemoryMetricReader()
        self.tracing = trace.TracerProvider()
        self.tracing.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.metering = metrics.MeterProvider([self.reader])
        layer = TelemetryLayer(tracer_provider=self.tracing, meter_provider=self.metering, **how)
        to = endpoint(server.url, provider).model_copy(update={"cost_data": PRICES})
        self.client = AIModelClient(to, layers=[layer, *more])

    def spans(self) -> Any:
        return self.exporter.get_finished_spans()

    def points(self, name: str) -> list[Any]:
        reported = self.reader.get_metrics_data()
        actual = [m for r in reported.resource_metrics for s in r.scope_metrics for m in s.metrics if m.name == name]
        return [point for metric in actual for point in metric.data.data_points]

    def tokens(self) -> dict[str, int]:
        """The sums of the token histogram, by type."""
        return {point.attributes["gen_ai.token.type"]: point.sum for point in self.points("gen_ai.client.token.usage")}

    def close(self) -> None:
        self.tracing.shutdown()
        self.metering.shutdown()


@pytest.mark.parametrize("streaming", [False, True])
def test_a_call_is_a_span_and_counts_in_the_metrics(world: World, server: FakeServer, streaming: bool) -> None:
    server.add_replies(HELLO)
    watched = Watched(server)
    with tagged(user="ada"):
        (world.stream if streaming else world.run)(watched.client, "secret words", temperature=0.5)
    (span,) = watched.spans()
    provided = dict(span.attributes)
    assert (span.name, span.kind.name) == ("chat fake-1", "CLIENT")
    assert provided["gen_ai.operation.name"] == "chat"
    assert provided["gen_ai.provider.name"] == "openai"
    assert provided["gen_ai.request.model"] == "fake-1"
    assert provided["gen_ai.request.temperature"] == 0.5
    assert provided["gen_ai.response.finish_reasons"] == ("stop",)
    assert provided["gen_ai.usage.input_tokens"] == 120
    assert provided["gen_ai.usage.cache_read.input_tokens"] == 20
    assert provided["gen_ai.usage.output_tokens"] == 50
    assert provided["dhenara.cost.usd"] == pytest.approx(0.00022)
    assert provided["dhenara.tag.user"] == "ada"
    assert provided["server.address"] == "127.0.0.1"
    # The conventions want it of streams, and of nothing else.
    assert (provided.get("gen_ai.response.time_to_first_chunk", 0) > 0) is streaming
    assert bool(watched.points("gen_ai.client.operation.time_to_first_chunk")) is streaming
    assert "secret words" not in str(provided)
    assert "Hello" not in str(provided)
    assert watched.tokens() == {"input": 120, "output": 50}
    (cached,) = watched.points("dhenara.client.tokens")
    assert (cached.value, cached.attributes["dhenara.token.kind"]) == (20, "cache_read")
    assert watched.points("dhenara.client.cost")[0].value == pytest.approx(0.00022)
    (duration,) = watched.points("gen_ai.client.operation.duration")
    assert duration.attributes["gen_ai.response.model"] == "fake-1"
    assert (duration.count, duration.explicit_bounds[-1]) == (1, 81.92)
    watched.close()
    world.close(watched.client)


def test_embedding_is_an_operation_of_its_own(world: World, server: FakeServer) -> None:
    vectors = [{"object": "embedding", "index": 0, "embedding": [1.0, 0.0]}]
    provided = {"object": "list", "data": vectors, "model": "fake-1", "usage": {"prompt_tokens": 9, "total_tokens": 9}}
    server.add_replies(Raw(json.dumps(provided).encode()))
    watched = Watched(server, capture_content=True)
    world.ask(watched.client, "embed", ["secret words"], dimensions=2)
    (span,) = watched.spans()
    assert span.name == "embeddings fake-1"
    assert span.attributes["gen_ai.operation.name"] == "embeddings"
    assert span.attributes["gen_ai.embeddings.dimension.count"] == 2
    assert span.attributes["gen_ai.usage.input_tokens"] == 9
    strangers = ("gen_ai.request.temperature", "gen_ai.usage.output_tokens", "gen_ai.response.finish_reasons",
                 "gen_ai.response.time_to_first_chunk", "gen_ai.input.messages")  # fmt: skip
    assert not set(strangers) & set(span.attributes)
    (duration,) = watched.points("gen_ai.client.operation.duration")
    assert (duration.count, duration.attributes["gen_ai.operation.name"]) == (1, "embeddings")
    assert watched.tokens() == {"input": 9}
    watched.close()
    world.close(watched.client)


def test_a_search_in_a_store_is_a_retrieval(server: FakeServer) -> None:
    server.add_replies(Raw(b'{"data": []}'))
    watched = Watched(server)
    watched.client.vector_stores.search("vs_1", "secret words")
    (span,) = watched.spans()
    assert span.attributes["gen_ai.operation.name"] == "retrieval"
    assert span.attributes["gen_ai.data_source.id"] == "vs_1"
    assert "secret words" not in str(span.attributes)
    watched.close()
    watched.client.close()


@pytest.mark.parametrize("streaming", [False, True])
def test_spans_are_children_of_the_span_around_them(world: World, server: FakeServer, streaming: bool) -> None:
    server.add_replies(HELLO)
    watched = Watched(server)
    with watched.tracing.get_tracer("program").start_as_current_span("around") as around:
        (world.stream if streaming else world.run)(watched.client, "?")
    span = next(span for span in watched.spans() if span.name == "chat fake-1")
    assert span.parent.span_id == around.get_span_context().span_id
    watched.close()
    world.close(watched.client)


def test_a_cancelled_call_is_an_ended_span_with_an_error(server: FakeServer) -> None:
    server.add_replies(stall_before_head())
    watched = Watched(server)

    async def main() -> None:
        task = asyncio.create_task(watched.client.generate_async("?"))
        await wait_until_async(lambda: server.exchanges)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await watched.client.aclose()

    asyncio.run(main())
    (span,) = watched.spans()
    assert span.attributes["error.type"] == "CancelledError"
    assert span.status.status_code.name == "ERROR"
    watched.close()


def test_contents_are_captured_only_where_enabled(world: World, server: FakeServer) -> None:
    server.add_replies(HELLO)
    watched = Watched(server, capture_content=True)
    world.run(watched.client, "What?", instructions="Be brief.")
    provided = watched.spans()[0].attributes
    assert json.loads(provided["gen_ai.input.messages"])[0]["parts"] == [{"type": "text", "content": "What?"}]
    assert json.loads(provided["gen_ai.output.messages"])[0]["parts"] == [{"type": "text", "content": "Hello!"}]
    assert json.loads(provided["gen_ai.system_instructions"])[0]["content"] == "Be brief."
    watched.close()
    world.close(watched.client)


def test_failures_and_broken_streams_are_errors(world: World, server: FakeServer) -> None:
    server.add_replies(Refusal(401, "not sk-proj-abcdefghijklmnop"), CutReply(DialectReply(HELLO), 4))
    watched = Watched(server)
    with pytest.raises(AuthenticationError):
        world.run(watched.client, "?")
    world.stream(watched.client, "?")
    first, second = watched.spans()
    assert first.attributes["error.type"] == "AuthenticationError"
    assert second.attributes["error.type"] == "BrokenStreamError"
    assert "abcdefghijklmnop" not in first.status.description
    assert first.status.status_code.name == second.status.status_code.name == "ERROR"
    assert {point.attributes.get("error.type") for point in watched.points("gen_ai.client.operation.duration")} == {
        "AuthenticationError",
        "BrokenStreamError",
    }
    watched.close()
    world.close(watched.client)


def test_tokens_of_a_broken_stream_are_counted_like_those_of_a_whole_one(server: FakeServer) -> None:
    server.add_replies(CutReply(DialectReply(HELLO), 5))
    watched = Watched(server, provider="anthropic")
    with watched.client as client:
        list(client.generate("?", streaming=True).stream_generator)
    (span,) = watched.spans()
    assert span.attributes["error.type"] == "BrokenStreamError"
    points = watched.points("gen_ai.client.token.usage")
    assert points
    assert not any("error.type" in point.attributes for point in points)
    watched.close()


def test_cached_answers_say_so_and_count_no_tokens(server: FakeServer) -> None:
    server.add_replies(HELLO)
    watched = Watched(server, CacheLayer(MemoryCache(), policy="always"))
    with watched.client as asking:
        asking.generate("?")
        asking.generate("?")
    assert watched.spans()[1].attributes["dhenara.cached"] is True
    assert watched.spans()[1].attributes["dhenara.cost.usd"] == 0
    assert watched.tokens()["output"] == 50
    watched.close()


def test_calls_are_logged_without_contents(world: World, server: FakeServer, caplog: pytest.LogCaptureFixture) -> None:
    server.add_replies(HELLO, Refusal(401, "bad key sk-proj-abcdefghijklmnop"), CutReply(DialectReply(HELLO), 4))
    asking = AIModelClient(endpoint(server.url), layers=[LogLayer()])
    with caplog.at_level(logging.INFO, "ai_utilities.calls"):
        world.run(asking, "private")
        with pytest.raises(AuthenticationError):
            world.run(asking, "private")
        world.stream(asking, "private")
    assert [record.levelname for record in caplog.records] == ["INFO", "WARNING", "WARNING"]
    assert "openai (fake-1) answered in" in caplog.messages[0]
    assert "170 tokens, cost unknown" in caplog.messages[0]
    assert "abcdefghijklmnop" not in caplog.text
    assert "private" not in caplog.text
    world.close(asking)


ALPHABET = "abcdefghijklmnopqrstuvwxyz"


@pytest.mark.parametrize(
    "text",
    [
        f"key sk-ant-{ALPHABET} is wrong",
        "Authorization: Bearer abcdefghijklmnopqrstuvwxyz",
        '{"x-api-key": "abcdefghijklmnopqrstuvwxyz"}',
        "https://host/v1?key=abcdefghijklmnopqrstuvwxyz&alt=sse",
        "redis://me:abcdefghijklmnopqrstuvwxyz@host/0",
        "AIzaabcdefghijklmnopqrstuvwxyz",
        "api_key='abcdefghijklmnopqrstuvwxyz'",
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str) -> None:
    assert "abcdefghijklmnopqrstuvwxyz" not in redact(text)
    assert "**********" in redact(text)


def test_plain_words_are_left_alone() -> None:
    provided = "the key question: a passwordless risk-free desk-lamp, https://example.com/a?b=c and 12 tokens"
    assert redact(provided) == provided


def test_a_filter_hides_secrets_in_messages_arguments_and_traces(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("test.redaction")
    secrets = RedactingFilter("my own secret")
    logger.addFilter(secrets)
    try:
        raise ValueError("sk-proj-abcdefghijklmnop or my own secret")
    except ValueError:
        logger.exception("with %s and %s", "my own secret", "sk-proj-abcdefghijklmnop", extra={"more": "my own secret"})
    logger.removeFilter(secrets)
    assert "abcdefghijklmnop" not in caplog.text
    assert "my own secret" not in caplog.text
    assert caplog.records[0].__dict__["more"] == "**********"
