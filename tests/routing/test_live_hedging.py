"""Second requests beside slow ones over real connections, in sync and async code, streamed or not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from ai_utilities.limits import Limit, LimitLayer
from ai_utilities.usage import Budget, BudgetLayer, MemoryBudgets, MemoryLedger, UsageLayer, tagged
from dhenara.ai import AIModelClient
from dhenara.ai.errors import CallTimeoutError, ConfigurationError, ServerError
from dhenara.ai.testing import Answer, DialectReply, FakeServer, FakeToolCall, Refusal, Wait, stall_before_head
from dhenara.ai.types import AIModelEndpoint, Deployment
from support.waiting import try_longer_limits, wait_until_async
from support.worlds import ASYNC_WORLDS, Async, World, endpoint

HELLO = Answer(text="Hello!")
SILENT = stall_before_head()
"""A server that reads the request and answers nothing."""

AFTER = 0.05


class Slow:
    """Answers long after the second request is due."""

    def steps(self, request: Any) -> Iterator[Any]:
        yield Wait(6 * AFTER)
        yield from DialectReply(HELLO).steps(request)


class AfterRequest:
    """Answers once another server has its request, however slow this machine is."""

    def __init__(self, other: FakeServer, reply: Any = HELLO) -> None:
        self._other = other
        self._reply = reply if hasattr(reply, "steps") else DialectReply(reply)
        self._before = len(other.exchanges)

    def steps(self, request: Any) -> Iterator[Any]:
        while len(self._other.exchanges) <= self._before:
            yield Wait(0.01)
        yield from self._reply.steps(request)


@pytest.fixture
def spare() -> Iterator[FakeServer]:
    with FakeServer() as standing_by:
        yield standing_by


def two(server: FakeServer, spare: FakeServer, after: float | None = AFTER, **options: Any) -> AIModelClient:
    """A client that prefers `server`, and calls `spare` beside it."""
    first = Deployment(endpoint=priced(server.url), name="main")
    second = Deployment(endpoint=priced(spare.url), name="spare")
    return AIModelClient.routed({"groups": [first, second], "name": "smart", "hedge_after": after}, **options)


def priced(url: str) -> AIModelEndpoint:
    return endpoint(url, model="gpt-5.4-mini")


def test_the_second_answer_is_taken_and_the_first_request_ends(
    world: World, server: FakeServer, spare: FakeServer
) -> None:
    server.add_replies(SILENT)
    spare.add_replies(AfterRequest(server))
    client = two(server, spare)
    answer = world.run(client, "?")
    assert answer.text == "Hello!"
    assert [(one.deployment, one.outcome) for one in answer.attempts] == [("main", "cancelled"), ("spare", "answered")]
    assert "a second request, because main had not begun to answer after" in str(answer.attempts[1].reason)
    assert server.exchanges[0].wait_left()
    assert "spare was called as well" in answer.chat_response.warnings[0].message
    assert [one.in_flight for one in client.explain_route("?").deployments] == [0, 0]
    world.close(client)


def test_each_request_has_an_idempotency_key_of_its_own(world: World, server: FakeServer, spare: FakeServer) -> None:
    """The server of the second one has never got the first one."""
    server.add_replies(SILENT)
    spare.add_replies(AfterRequest(server))
    client = two(server, spare)
    world.run(client, "?")
    first, second = (one.exchanges[0].headers["idempotency-key"] for one in (server, spare))
    assert first != second
    world.close(client)


def test_a_stream_is_that_of_the_second_deployment(world: World, server: FakeServer, spare: FakeServer) -> None:
    server.add_replies(SILENT)
    spare.add_replies(AfterRequest(server, Answer(text="one two three")))
    client = two(server, spare)
    pairs = world.stream(client, "?")
    assert pairs[-1][1].chat_response.text() == "one two three"
    assert len(pairs) > 2
    assert server.exchanges[0].wait_left()
    world.close(client)


def test_after_its_first_chunk_a_slow_stream_is_left_alone(world: World, server: FakeServer, spare: FakeServer) -> None:
    server.add_replies(DialectReply(Answer(text="one two three four"), pause=AFTER))
    spare.add_replies(HELLO)
    client = two(server, spare, after=30.0)
    assert world.stream(client, "?")[-1][1].chat_response.text() == "one two three four"
    assert spare.exchanges == []
    world.close(client)


def test_without_hedge_after_nothing_is_sent_twice(world: World, server: FakeServer, spare: FakeServer) -> None:
    server.add_replies(DialectReply(HELLO, pause=AFTER))
    client = two(server, spare, after=None)
    assert world.run(client, "?").text == "Hello!"
    assert spare.exchanges == []
    world.close(client)


def test_the_first_answer_ends_the_second_request(world: World, server: FakeServer, spare: FakeServer) -> None:
    server.add_replies(AfterRequest(spare))
    spare.add_replies(SILENT)
    client = two(server, spare)
    answer = world.run(client, "?")
    assert [(one.deployment, one.outcome) for one in answer.attempts] == [("spare", "cancelled"), ("main", "answered")]
    assert answer.chat_response.warnings == []
    assert spare.exchanges[0].wait_left()
    world.close(client)


def test_both_failing_are_an_error_with_both_attempts(world: World, server: FakeServer, spare: FakeServer) -> None:
    server.add_replies(AfterRequest(spare, Refusal(503, "first")))
    spare.add_replies(Refusal(503, "second"))
    client = two(server, spare)
    with pytest.raises(ServerError) as caught:
        world.run(client, "?", retries=0)
    assert {(one.deployment, one.outcome) for one in caught.value.attempts} == {("main", "failed"), ("spare", "failed")}
    world.close(client)


def test_the_deadline_ends_both(world: World) -> None:
    def attempt(seconds: float) -> bool | None:
        with FakeServer(SILENT) as server, FakeServer(SILENT) as spare:
            client = two(server, spare)
            with pytest.raises(CallTimeoutError):
                world.run(client, "?", timeout=seconds)
            world.close(client)
            if not (server.exchanges and spare.exchanges):
                return None
            return server.exchanges[0].wait_left() and spare.exchanges[0].wait_left()

    assert try_longer_limits(attempt, 0.5)


@pytest.mark.parametrize("world", ASYNC_WORLDS, ids=lambda one: one.name)
def test_a_cancelled_call_ends_both(world: Async, server: FakeServer, spare: FakeServer) -> None:
    import anyio

    server.add_replies(SILENT)
    spare.add_replies(SILENT)
    client = two(server, spare)

    async def main() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(client.generate_async, "?")
            await wait_until_async(lambda: server.exchanges and spare.exchanges)
            group.cancel_scope.cancel()

    world.start(main)
    assert server.exchanges[0].wait_left()
    assert spare.exchanges[0].wait_left()
    assert [one.in_flight for one in client.explain_route("?").deployments] == [0, 0]


def test_structured_output_and_tools_work_through_it(world: World, server: FakeServer, spare: FakeServer) -> None:
    calls: list[str] = []

    def weather(city: str) -> str:
        """Return the weather."""
        calls.append(city)
        return "sunny"

    server.add_replies(SILENT, SILENT)
    spare.add_replies(Answer(tool_calls=(FakeToolCall("weather", {"city": "Rome"}),)), Answer(text="Sunny."))
    client = two(server, spare)
    run = world.ask(client, "run", "Weather?", tools=[weather])
    assert (run.text, calls) == ("Sunny.", ["Rome"])
    server.add_replies(SILENT)
    spare.add_replies(Answer(text='{"name": "Rome"}'))
    answer = world.run(
        client, "City?", structured_output={"type": "object", "properties": {"name": {"type": "string"}}}
    )
    assert answer.chat_response.structured() == {"name": "Rome"}
    world.close(client)


def test_the_ledger_has_a_row_for_each_request(world: World, server: FakeServer, spare: FakeServer) -> None:
    ledger = MemoryLedger()
    server.add_replies(SILENT)
    spare.add_replies(AfterRequest(server))
    client = two(server, spare, layers=[UsageLayer(ledger)])
    world.run(client, "?")
    rows = {row.tags["deployment"]: row for row in ledger.rows()}
    assert {name: row.outcome for name, row in rows.items()} == {"main": "cancelled", "spare": "answered"}
    assert (rows["spare"].tags["purpose"], "purpose" in rows["main"].tags) == ("hedge", False)
    assert rows["spare"].cost is not None
    world.close(client)


def test_the_budget_reserves_for_both(world: World, server: FakeServer, spare: FakeServer) -> None:
    budgets = MemoryBudgets()
    layer = BudgetLayer(budget := Budget("1000"), store=budgets)
    spent: list[int] = []

    class Watched:
        """Answers, and notes what is reserved meanwhile."""

        def steps(self, request: Any) -> Iterator[Any]:
            spent.append(budgets.spent(budget.window_at({}, time.time())))
            yield from DialectReply(HELLO).steps(request)

    server.add_replies(Watched())
    alone = two(server, spare, after=None, layers=[layer])
    world.run(alone, "?", max_output_tokens=1000)
    world.close(alone)
    server.add_replies(SILENT)
    spare.add_replies(Watched())
    client = two(server, spare, layers=[layer])
    world.run(client, "?", max_output_tokens=1000)
    one, both = spent
    assert both > 1.9 * one
    world.close(client)


def test_a_used_up_limit_of_the_second_means_no_second_request(
    world: World, server: FakeServer, spare: FakeServer
) -> None:
    limits = LimitLayer(Limit(requests_per_minute=1), headers=False)
    server.add_replies(Slow())
    spare.add_replies(HELLO)
    client = two(server, spare, attempt_layers=[limits])
    at_spare = AIModelClient(priced(spare.url), attempt_layers=[limits])
    world.run(at_spare, "?")
    answer = world.run(client, "?")
    assert [(one.deployment, one.outcome) for one in answer.attempts] == [("main", "answered")]
    assert len(spare.exchanges) == 1
    world.close(client)
    world.close(at_spare)


def test_a_setup_error_of_the_second_does_not_matter(world: World, server: FakeServer, spare: FakeServer) -> None:
    async def refuse(call: Any, send: Any) -> Any:
        if call.purpose == "hedge":
            raise ConfigurationError("nothing may be sent twice")
        return await send(call)

    server.add_replies(Slow())
    client = two(server, spare, layers=[refuse])
    assert world.run(client, "?").text == "Hello!"
    assert spare.exchanges == []
    world.close(client)


def test_a_thread_that_waits_before_a_retry_is_not_left_behind(server: FakeServer, spare: FakeServer) -> None:
    """The first deployment failed and waits for its own retry: the second answer ends that pause."""
    import threading

    server.add_replies(Refusal(503, "down"))
    spare.add_replies(AfterRequest(server))
    client = two(server, spare)
    assert client.generate("?", retries=2, retry_delay=60, max_retry_delay=60).text == "Hello!"
    assert [one.name for one in threading.enumerate() if one.name == "dhenara-branch"] == []
    assert len(server.exchanges) == 1
    client.close()


@pytest.mark.parametrize("transport", ["httpx2", "aiohttp"])
def test_other_transports_are_cancelled_as_well(
    transport: Any, world: World, server: FakeServer, spare: FakeServer
) -> None:
    """Threads of httpx2 cannot be interrupted: the call does not wait for them."""
    pytest.importorskip(transport)
    if transport == "aiohttp" and world.name not in ("asyncio", "uvloop"):
        pytest.skip("aiohttp is for asyncio only")
    server.add_replies(SILENT)
    spare.add_replies(AfterRequest(server))
    client = two(server, spare, transport=transport)
    assert world.run(client, "?").text == "Hello!"
    world.close(client)
    if world.name == "blocking":
        server.stop()  # only the end of the connection ends the thread
    else:
        assert server.exchanges[0].wait_left()


def test_the_variables_of_the_context_reach_both_requests(world: World, server: FakeServer, spare: FakeServer) -> None:
    ledger = MemoryLedger()
    server.add_replies(SILENT)
    spare.add_replies(AfterRequest(server))
    client = two(server, spare, layers=[UsageLayer(ledger)])
    with tagged(team="search"):
        world.run(client, "?")
    assert [row.tags["team"] for row in ledger.rows()] == ["search"] * 2
    world.close(client)


def test_each_request_has_a_span(
    world: World, server: FakeServer, spare: FakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    trace = pytest.importorskip("opentelemetry.sdk.trace")
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from ai_utilities.telemetry import TelemetryLayer

    exporter, tracing = InMemorySpanExporter(), trace.TracerProvider()
    tracing.add_span_processor(SimpleSpanProcessor(exporter))
    server.add_replies(SILENT)
    spare.add_replies(AfterRequest(server))
    client = two(server, spare, layers=[TelemetryLayer(tracer_provider=tracing)])
    world.run(client, "?")
    world.close(client)
    spans = {span.attributes["dhenara.route.deployment"]: span for span in exporter.get_finished_spans()}
    assert spans["main"].attributes["dhenara.route.purpose"] == "answer"
    assert spans["spare"].attributes["dhenara.route.purpose"] == "hedge"
    assert not spans["main"].status.is_ok
    assert [one for one in caplog.records if one.levelname == "ERROR"] == []
