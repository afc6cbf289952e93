"""Spans of runs and tools: how they nest, their status, and that each ends exactly once."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace

from dhenara.ai import AIModelClient, SQLiteRunStore
from dhenara.ai.errors import BadRequestError, RateLimitError, RunLimitError, ToolFailedError
from dhenara.ai.testing import Answer, CutReply, DialectReply, FakeServer, FakeToolCall, FakeUsage, Refusal
from dhenara.ai.testing.answer import Stall
from dhenara.ai.types import RunLimits, Tool
from support.runs import go, go_streaming
from support.telemetry import Telemetry, traced_client
from support.waiting import try_longer_limits, wait_until
from support.worlds import Blocking, World, endpoint

ROUNDS = (
    Answer(text="Let me look.", tool_calls=(FakeToolCall("weather", {"city": "Rome"}, "c1"),), usage=FakeUsage(10, 5)),
    Answer(text="31 degrees.", usage=FakeUsage(20, 7)),
)


def weather(city: str) -> str:
    """Return the weather of a city."""
    return f"31 degrees in {city}"


@pytest.fixture
def telemetry() -> Any:
    made = Telemetry()
    yield made
    made.close()


@pytest.mark.parametrize("streaming", [False, True])
def test_calls_and_tools_are_children_of_their_run(
    world: World, server: FakeServer, telemetry: Telemetry, streaming: bool
) -> None:
    server.add_replies(*ROUNDS)
    client = traced_client(server, telemetry)
    with telemetry.tracing.get_tracer("program").start_as_current_span("around"):
        (go_streaming if streaming else go)(world, client, "How warm?", tools=[weather])
    (run,) = telemetry.named("invoke_agent")
    assert telemetry.parent_of(run) == "around"
    assert [telemetry.parent_of(span) for span in telemetry.named("chat fake-1")] == ["invoke_agent"] * 2
    (tool,) = telemetry.named("execute_tool weather")
    assert telemetry.parent_of(tool) == "invoke_agent"
    assert (run.kind.name, tool.kind.name) == ("INTERNAL", "INTERNAL")
    assert tool.attributes["gen_ai.operation.name"] == "execute_tool"
    assert tool.attributes["gen_ai.tool.name"] == "weather"
    assert tool.attributes["gen_ai.tool.type"] == "function"
    assert tool.attributes["gen_ai.tool.call.id"] == "c1"
    assert tool.attributes["gen_ai.tool.description"] == "Return the weather of a city."
    assert run.attributes["gen_ai.usage.input_tokens"] == 30
    assert run.attributes["gen_ai.usage.output_tokens"] == 12
    assert run.attributes["dhenara.cost.usd"] == pytest.approx(0.000054)
    assert run.attributes["dhenara.run.stopped"] == "answered"
    assert run.attributes["dhenara.run.steps"] == 2
    assert {span.status.status_code.name for span in telemetry.spans} == {"UNSET"}
    assert "Rome" not in str([dict(span.attributes) for span in telemetry.spans])
    points = telemetry.points("gen_ai.client.operation.duration")
    counts = {point.attributes["gen_ai.operation.name"]: point.count for point in points}
    assert counts == {"invoke_agent": 1, "execute_tool": 1, "chat": 2}
    world.close(client)


def test_spans_of_a_tool_are_inside_it(world: World, server: FakeServer, telemetry: Telemetry) -> None:
    """What a tool does belongs to its span, in its thread or task, also of several tools at once."""
    tracer = telemetry.tracing.get_tracer("program")
    both = threading.Barrier(2, timeout=100)

    def look(city: str) -> str:
        with tracer.start_as_current_span(f"inside {city}"):
            both.wait()
        return city

    calls = (FakeToolCall("look", {"city": "Rome"}, "c1"), FakeToolCall("look", {"city": "Oslo"}, "c2"))
    server.add_replies(Answer(tool_calls=calls), Answer(text="Both."))
    client = traced_client(server, telemetry)
    go(world, client, "?", tools=[look])
    tools = {
        span.context.span_id: span.attributes["gen_ai.tool.call.id"] for span in telemetry.named("execute_tool look")
    }
    inside = {name: tools[telemetry.named(f"inside {name}")[0].parent.span_id] for name in ("Rome", "Oslo")}
    assert inside == {"Rome": "c1", "Oslo": "c2"}
    world.close(client)


def test_an_async_tool_is_the_parent_of_what_it_awaits(server: FakeServer, telemetry: Telemetry) -> None:
    tracer = telemetry.tracing.get_tracer("program")

    async def look() -> str:
        await asyncio.sleep(0)
        with tracer.start_as_current_span("inside"):
            await asyncio.sleep(0)
        return "done"

    async def main() -> None:
        async with traced_client(server, telemetry) as client:
            await client.run_async("?", tools=[look])

    server.add_replies(Answer(tool_calls=(FakeToolCall("look", {}, "c1"),)), Answer(text="Done."))
    asyncio.run(main())
    (inside,) = telemetry.named("inside")
    assert telemetry.parent_of(inside) == "execute_tool look"


def test_a_run_in_a_tool_is_inside_that_tool(server: FakeServer, telemetry: Telemetry) -> None:
    events: list[Any] = []
    server.add_replies(
        Answer(tool_calls=(FakeToolCall("research", {"topic": "rain"}, "c1"),)),
        Answer(tool_calls=(FakeToolCall("weather", {"city": "Rome"}, "c2"),)),
        Answer(text="It rains."),
        Answer(text="Rain."),
    )
    client = AIModelClient(
        traced_client(server, telemetry).model_endpoint, layers=[telemetry.layer], observer=events.append
    )

    def research(topic: str) -> str:
        return client.run(topic, tools=[weather]).text

    with client:
        client.run("?", tools=[research])
    inner, outer = telemetry.named("invoke_agent research") + telemetry.named("invoke_agent")
    assert telemetry.parent_of(inner) == "execute_tool research"
    assert telemetry.parent_of(outer) is None
    assert inner.attributes["gen_ai.agent.name"] == "research"
    (tool,) = telemetry.named("execute_tool weather")
    assert telemetry.parent_of(tool) == "invoke_agent research"
    started = [event for event in events if type(event).__name__ == "RunTraceStarted"]
    assert [event.parent_id for event in started] == [None, started[0].run_id]
    ended = [event for event in events if type(event).__name__ == "RunTraceEnded"]
    assert [(event.run_id, event.stopped, event.error) for event in ended] == [
        (started[1].run_id, "answered", None),
        (started[0].run_id, "answered", None),
    ]
    tools = [(event.tool, event.outcome) for event in events if type(event).__name__ == "ToolTraceEnded"]
    assert tools == [("weather", "ran"), ("research", "ran")]


@pytest.mark.parametrize("streaming", [False, True])
def test_an_agent_as_a_tool_is_inside_the_call_of_it(
    world: World, server: FakeServer, telemetry: Telemetry, streaming: bool
) -> None:
    server.add_replies(
        Answer(tool_calls=(FakeToolCall("research", {"prompt": "rain"}, "c1"),)),
        Answer(tool_calls=(FakeToolCall("weather", {"city": "Rome"}, "c2"),)),
        Answer(text="It rains."),
        Answer(text="Rain."),
    )
    client = traced_client(server, telemetry)
    agent = client.as_tool("research", "Finds things out", tools=[weather])
    (go_streaming if streaming else go)(world, client, "?", tools=[agent])
    (inner,) = telemetry.named("invoke_agent research")
    assert telemetry.parent_of(inner) == "execute_tool research"
    assert telemetry.parent_of(telemetry.named("execute_tool research")[0]) == "invoke_agent"
    assert telemetry.parent_of(telemetry.named("execute_tool weather")[0]) == "invoke_agent research"
    parents = sorted(str(telemetry.parent_of(span)) for span in telemetry.named("chat fake-1"))
    assert parents == ["invoke_agent", "invoke_agent", "invoke_agent research", "invoke_agent research"]
    assert len(telemetry.spans) == 8
    world.close(client)


def test_a_saved_run_goes_on_in_a_span_of_its_own(server: FakeServer, telemetry: Telemetry, tmp_path: Path) -> None:
    server.add_replies(*ROUNDS)
    tool = Tool.from_function(weather, needs_approval=True)
    with traced_client(server, telemetry) as client:
        run = client.run("How warm?", tools=[tool], store=SQLiteRunStore(tmp_path / "runs.sqlite"), run_id="r1")
        client.run(resume=run.decide({"c1": True}), tools=[tool])
    names = ["chat fake-1", "invoke_agent", "execute_tool weather", "chat fake-1", "invoke_agent"]
    assert [span.name for span in telemetry.spans] == names
    assert [run.attributes["dhenara.run.stopped"] for run in telemetry.named("invoke_agent")] == ["pending", "answered"]
    assert telemetry.spans[2].parent.span_id == telemetry.spans[4].context.span_id


def test_tools_that_fail_or_hang_are_errors(world: World, server: FakeServer, telemetry: Telemetry) -> None:
    released = threading.Event()

    def hang() -> str:
        released.wait(100)
        return "late"

    def broken() -> str:
        raise ValueError("sk-proj-abcdefghijklmnop is wrong")

    calls = (FakeToolCall("hang", {}, "c1"), FakeToolCall("broken", {}, "c2"))
    server.add_replies(Answer(tool_calls=calls), Answer(text="Sorry."))
    client = traced_client(server, telemetry)
    go(world, client, "?", tools=[Tool.from_function(hang, timeout=0.1), broken])
    released.set()
    (slow,), (failed,) = telemetry.named("execute_tool hang"), telemetry.named("execute_tool broken")
    assert slow.attributes["error.type"] == "timed_out"
    assert failed.attributes["error.type"] == "failed"
    assert slow.status.status_code.name == failed.status.status_code.name == "ERROR"
    assert "abcdefghijklmnop" not in str([dict(span.attributes) for span in telemetry.spans])
    assert telemetry.named("invoke_agent")[0].status.status_code.name == "UNSET"
    world.close(client)


def test_runs_that_raise_are_errors(world: World, server: FakeServer, telemetry: Telemetry) -> None:
    def broken() -> str:
        raise ValueError("no")

    server.add_replies(ROUNDS[0], Refusal(429), Answer(tool_calls=(FakeToolCall("broken", {}, "c1"),)))
    client = traced_client(server, telemetry)
    with pytest.raises(RunLimitError):
        go(world, client, "?", tools=[weather], limits=RunLimits(rounds=1))
    with pytest.raises(RateLimitError):
        go(world, client, "?", tools=[weather], max_retries=0)
    with pytest.raises(ToolFailedError):
        go(world, client, "?", tools=[broken], tool_errors="raise")
    runs = telemetry.named("invoke_agent")
    assert [run.attributes["error.type"] for run in runs] == ["RunLimitError", "RateLimitError", "ToolFailedError"]
    assert {run.status.status_code.name for run in runs} == {"ERROR"}
    world.close(client)


PROMPT = "Tell nobody that the harvest of the northern valley failed"


def test_errors_in_spans_do_not_quote_the_prompt(world: World, server: FakeServer, telemetry: Telemetry) -> None:
    server.add_replies(Refusal(400, f"cannot process: {PROMPT}"))
    client = traced_client(server, telemetry)
    with pytest.raises(BadRequestError, match="northern valley"):
        go(world, client, PROMPT)
    descriptions = {span.name: span.status.description for span in telemetry.spans}
    assert len(descriptions) == 2
    assert all("cannot process" in text and "valley" not in text for text in descriptions.values())
    world.close(client)


def test_the_span_of_a_tool_ends_when_its_function_returns(server: FakeServer, telemetry: Telemetry) -> None:
    begun: list[tuple[int, float]] = []
    first_request = time.monotonic()

    def note() -> None:
        begun.append((time.time_ns(), time.monotonic()))

    def first() -> str:
        note()
        return "first"

    def second() -> str:
        note()
        wait_until(
            lambda: time.monotonic() - begun[1][1] > begun[1][1] - first_request
        )  # longer than the first can have taken
        return "second"

    calls = (FakeToolCall("first", {}, "c1"), FakeToolCall("second", {}, "c2"))
    server.add_replies(Answer(tool_calls=calls), Answer(text="Done."))
    with traced_client(server, telemetry) as client:
        client.run("?", tools=[first, second], limits=RunLimits(concurrency=1))
    assert telemetry.named("execute_tool first")[0].end_time <= begun[1][0]
    points = telemetry.points("gen_ai.client.operation.duration")
    seconds = {
        point.attributes["gen_ai.tool.name"]: point.sum for point in points if "gen_ai.tool.name" in point.attributes
    }
    assert seconds["first"] <= begun[1][1] - first_request < seconds["second"]


def test_no_span_of_a_tool_stays_the_current_one(world: World, server: FakeServer, telemetry: Telemetry) -> None:
    server.add_replies(*ROUNDS)
    client = traced_client(server, telemetry)
    go(world, client, "How warm?", tools=[weather])
    assert not trace.get_current_span().get_span_context().is_valid
    world.close(client)


def test_a_stream_that_breaks_in_a_run_is_an_error(world: World, server: FakeServer, telemetry: Telemetry) -> None:
    server.add_replies(CutReply(DialectReply(Answer(text="Hello there, how are you?")), after=4))
    client = traced_client(server, telemetry)
    go_streaming(world, client, "?")
    assert [span.attributes["error.type"] for span in telemetry.spans] == ["BrokenStreamError"] * 2
    world.close(client)


@pytest.mark.parametrize("how", ["close", "drop", "unread"])
def test_a_run_that_is_left_ends_its_spans(server: FakeServer, telemetry: Telemetry, how: str) -> None:
    server.add_replies(CutReply(DialectReply(Answer(text="a long story " * 50)), 5, Stall()))
    with traced_client(server, telemetry) as client:
        stream = client.run_streaming("?", tools=[weather])
        if how != "unread":
            for event, _ in stream:
                if type(event).__name__ == "StreamingChatResponse":
                    break
        if how == "close":
            stream.close()
        del stream
        gc.collect()
    names = [span.name for span in telemetry.spans]
    assert names == ([] if how == "unread" else ["chat fake-1", "invoke_agent"])
    assert [span.attributes["error.type"] for span in telemetry.spans] == ["cancelled"] * len(names)


def test_a_cancelled_run_ends_the_spans_of_its_tools(server: FakeServer, telemetry: Telemetry) -> None:
    started = asyncio.Event()

    async def hang() -> str:
        started.set()
        await asyncio.sleep(300)
        return "late"

    async def main() -> None:
        async with traced_client(server, telemetry) as client:
            task = asyncio.create_task(client.run_async("?", tools=[hang]))
            await started.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    server.add_replies(Answer(tool_calls=(FakeToolCall("hang", {}, "c1"),)))
    asyncio.run(main())
    types = {span.name: span.attributes.get("error.type") for span in telemetry.spans}
    assert types == {"chat fake-1": None, "execute_tool hang": "cancelled", "invoke_agent": "CancelledError"}


def test_a_pending_tool_has_no_span_and_the_run_is_no_error(server: FakeServer, telemetry: Telemetry) -> None:
    server.add_replies(ROUNDS[0])
    with traced_client(server, telemetry) as client:
        client.run("?", tools=[Tool.from_function(weather, needs_approval=True)])
    assert [span.name for span in telemetry.spans] == ["chat fake-1", "invoke_agent"]
    assert telemetry.spans[1].attributes["dhenara.run.stopped"] == "pending"
    assert telemetry.spans[1].status.status_code.name == "UNSET"


def test_the_span_of_a_once_tool_that_is_late_says_so(world: World, telemetry: Telemetry, tmp_path: Path) -> None:
    def attempt(seconds: float) -> str | None:
        """The time limit includes the note in the store that the tool is called."""
        begun, released = threading.Event(), threading.Event()

        def hang(city: str) -> None:
            begun.set()
            released.wait(100)

        tool = Tool.from_function(hang, name="weather", once=True, timeout=seconds)
        store = SQLiteRunStore(tmp_path / f"{seconds:g}.sqlite")
        with FakeServer(*ROUNDS) as server:
            client = traced_client(server, telemetry)
            run = go(world, client, "?", tools=[tool], store=store, run_id="one")
            released.set()
            world.close(client)
        return run.stopped if begun.is_set() else None

    assert try_longer_limits(attempt, 0.1) == "pending"
    *_, span = telemetry.named("execute_tool weather")
    assert (span.attributes["error.type"], span.attributes["dhenara.tool.outcome"]) == ("timed_out", "pending")


def test_a_stream_that_is_read_elsewhere_keeps_its_parent(server: FakeServer, telemetry: Telemetry) -> None:
    server.add_replies(*ROUNDS)
    with traced_client(server, telemetry) as client:
        with telemetry.tracing.get_tracer("program").start_as_current_span("around"):
            stream = client.run_streaming("?", tools=[weather])
        reader = threading.Thread(target=lambda: list(stream))
        reader.start()
        reader.join()
    (run,) = telemetry.named("invoke_agent")
    assert telemetry.parent_of(run) == "around"
    assert [telemetry.parent_of(span) for span in telemetry.named("chat fake-1")] == ["invoke_agent"] * 2


def test_contents_of_runs_and_tools_are_recorded_if_wanted(world: World, server: FakeServer) -> None:
    telemetry = Telemetry(capture_content=True)
    server.add_replies(*ROUNDS)
    client = traced_client(server, telemetry)
    go(world, client, "How warm?", tools=[weather], instructions="Be brief.")
    (run,), (tool,) = telemetry.named("invoke_agent"), telemetry.named("execute_tool weather")
    assert json.loads(run.attributes["gen_ai.input.messages"])[0]["parts"][0]["content"] == "How warm?"
    assert json.loads(run.attributes["gen_ai.output.messages"])[0]["parts"][0]["content"] == "31 degrees."
    (definition,) = json.loads(run.attributes["gen_ai.tool.definitions"])
    assert (definition["type"], definition["name"]) == ("function", "weather")
    assert definition["parameters"]["required"] == ["city"]
    assert json.loads(tool.attributes["gen_ai.tool.call.arguments"]) == {"city": "Rome"}
    assert tool.attributes["gen_ai.tool.call.result"] == "31 degrees in Rome"
    world.close(client)
    telemetry.close()


def test_a_run_without_telemetry_has_no_traces(server: FakeServer) -> None:
    server.add_replies(*ROUNDS)
    with traced_client(server, Telemetry()) as client:
        plain = AIModelClient(client.model_endpoint)
    world = Blocking()
    assert go(world, plain, "?", tools=[weather]).text == "31 degrees."
    plain.close()


@pytest.mark.parametrize("streaming", [False, True])
def test_the_span_of_a_resumed_run_has_the_usage_since_then(
    world: World, server: FakeServer, telemetry: Telemetry, streaming: bool
) -> None:
    """The sums over all spans are what was spent, once."""
    server.add_replies(*ROUNDS)
    client, tool = traced_client(server, telemetry), Tool.from_function(weather, needs_approval=True)
    pending = go(world, client, "How warm?", tools=[tool])
    saved = pending.decide({"c1": True}).to_json()
    if streaming:
        run = go_streaming(world, client, resume=saved, tools=[tool])[1]
    else:
        run = go(world, client, resume=saved, tools=[tool])
    go(world, client, resume=run, tools=[tool])  # over already: nothing is spent
    first, second, third = telemetry.named("invoke_agent")
    used = [
        (span.attributes.get("gen_ai.usage.input_tokens"), span.attributes["dhenara.run.steps"])
        for span in (first, second, third)
    ]
    assert used == [(10, 1), (20, 1), (None, 0)]
    costs = [span.attributes.get("dhenara.cost.usd", 0) for span in (first, second, third)]
    assert sum(costs) == pytest.approx(float(run.cost.amount or 0))
    assert run.usage.prompt_tokens == 30, "the run has all of it"
    world.close(client)


def test_the_span_of_an_agent_that_goes_on_has_the_usage_since_then(
    world: World, server: FakeServer, telemetry: Telemetry
) -> None:
    ask = Answer(tool_calls=(FakeToolCall("research", {"prompt": "?"}, "a1"),), usage=FakeUsage(1, 1))
    server.add_replies(ask, *ROUNDS, Answer(text="It is hot.", usage=FakeUsage(2, 2)))
    client, tool = traced_client(server, telemetry), Tool.from_function(weather, needs_approval=True)
    agent = traced_client(server, telemetry).as_tool("research", "Looks up.", tools=[tool])
    pending = go(world, client, "How warm?", tools=[agent])
    run = go(world, client, resume=pending.decide({"a1/c1": True}).to_json(), tools=[agent])
    world.close(client)
    inner = [span.attributes["gen_ai.usage.input_tokens"] for span in telemetry.named("invoke_agent research")]
    outer = [span.attributes["gen_ai.usage.input_tokens"] for span in telemetry.named("invoke_agent")]
    assert (inner, outer, run.usage.prompt_tokens) == ([10, 20], [11, 22], 33)


def test_an_observer_gets_the_usage_since_a_run_was_resumed(server: FakeServer) -> None:
    server.add_replies(*ROUNDS)
    events: list[Any] = []
    tool = Tool.from_function(weather, needs_approval=True)
    with AIModelClient(endpoint(server.url), observer=events.append) as client:
        pending = client.run("How warm?", tools=[tool])
        client.run(resume=pending.decide({"c1": True}), tools=[tool])
    ended = [event.usage.prompt_tokens for event in events if type(event).__name__ == "RunTraceEnded"]
    assert ended == [10, 20]
