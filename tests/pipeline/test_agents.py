"""Agents as tools: limits, usage and events are shared, and what an agent leaves pending is pending outside."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import anyio
import pytest
from pydantic import BaseModel

from dhenara.ai import AIModelClient, SQLiteRunStore, ToolClaim
from dhenara.ai.errors import (
    BadRequestError,
    ConfigurationError,
    RunLimitError,
    SavedRunError,
    SyncAsyncMismatchError,
    ToolFailedError,
)
from dhenara.ai.testing import Answer, DialectReply, FakeServer, FakeToolCall, Refusal, Stall
from dhenara.ai.types import (
    AgentEvent,
    Run,
    RunLimits,
    StepAnswered,
    StepStarted,
    StreamingChatResponse,
    Tool,
    ToolEnded,
    ToolStarted,
)
from support.runs import go, go_streaming
from support.waiting import try_longer_limits, wait_until
from support.worlds import ASYNC_WORLDS, Async, Blocking, World, endpoint


class Report(BaseModel):
    """A report."""

    degrees: int


def weather(city: str) -> str:
    """The weather now."""
    return f"31 in {city}"


APPROVED = Tool.from_function(weather, needs_approval=True)


class NoAnswer:
    """A request that is never answered."""

    def steps(self, request: Any) -> Iterable[Any]:
        return [Stall()]


def ask(*prompts: str) -> Answer:
    return Answer(tool_calls=tuple(FakeToolCall("research", {"prompt": p}, f"call_{n}") for n, p in enumerate(prompts)))


def look(city: str, call_id: str = "call_0") -> Answer:
    return Answer(tool_calls=(FakeToolCall("weather", {"city": city}, call_id),))


def lead(server: FakeServer, **settings: Any) -> tuple[AIModelClient, Any]:
    """A client, and a tool that is an agent of another client."""
    researcher = AIModelClient(endpoint(server.url, model="fake-2"))
    return AIModelClient(endpoint(server.url)), researcher.as_tool("research", "Finds things out.", **settings)


def models(server: FakeServer) -> list[str]:
    return [exchange.json["model"] for exchange in server.exchanges]


def test_an_agent_runs_with_its_own_model_tools_and_instructions(server: FakeServer, world: World) -> None:
    server.add_replies(ask("How is Rome?"), look("Rome"), Answer(text="31 degrees."), Answer(text="It is hot."))
    client, agent = lead(server, tools=[weather], instructions="You research.")
    run = go(world, client, "Tell me about Rome.", tools=[agent])
    world.close(client)
    assert run.text() == "It is hot."
    assert models(server) == ["fake-1", "fake-2", "fake-2", "fake-1"]
    assert [message["content"] for message in server.exchanges[1].json["messages"]] == ["You research.", "How is Rome?"]
    assert [message["content"] for message in server.exchanges[3].json["messages"]][-1] == "31 degrees."
    [tool] = run.tools
    assert (tool.call.name, tool.outcome, tool.result and tool.result.output) == ("research", "ran", "31 degrees.")
    assert tool.run is not None
    assert [one.call.name for one in tool.run.tools] == ["weather"]
    assert run.usage.total_tokens == 4 * 18
    assert tool.run.usage.total_tokens == 2 * 18
    assert run.record.calls == 2


def test_the_output_of_an_agent_is_its_result(server: FakeServer, world: World) -> None:
    server.add_replies(ask("?"), Answer(text='{"degrees": 31}'), Answer(text="done"))
    client, agent = lead(server, output=Report)
    run = go(world, client, "?", tools=[agent])
    world.close(client)
    assert run.tools[0].result is not None
    assert run.tools[0].result.output == {"degrees": 31}
    assert run.tools[0].run is not None
    assert run.tools[0].run.output == Report(degrees=31)


def test_events_of_an_agent_are_events_of_the_run(server: FakeServer, world: World) -> None:
    server.add_replies(ask("?"), look("Rome"), Answer(text="31."), Answer(text="done"))
    client, agent = lead(server, tools=[weather])
    reported: list[Any] = []
    events, _ = go_streaming(world, client, "?", tools=[agent], on_event=reported.append)
    world.close(client)
    plain = [event.event if isinstance(event, AgentEvent) else event for event in events]
    order = [type(event) for event in plain if not isinstance(event, StreamingChatResponse)]
    inner = [StepStarted, StepAnswered, ToolStarted, ToolEnded, StepStarted, StepAnswered]
    assert order == [StepStarted, StepAnswered, ToolStarted, *inner, ToolEnded, StepStarted, StepAnswered]
    assert {event.call.name for event in events if isinstance(event, AgentEvent)} == {"research"}
    assert len(reported) == len(events)
    chunks = [event.event for event in events if isinstance(event, AgentEvent)]
    assert "".join(chunk.text_delta for chunk in chunks if isinstance(chunk, StreamingChatResponse)) == "31."


@pytest.mark.parametrize(("limits", "limit"), [(RunLimits(rounds=3), "rounds"), (RunLimits(tokens=40), "tokens")])
def test_what_an_agent_uses_counts_for_the_outer_limits(
    limits: RunLimits, limit: str, server: FakeServer, world: World
) -> None:
    server.add_replies(ask("?"), look("Rome"), look("Oslo"), Answer(text="done"))
    client, agent = lead(server, tools=[weather])
    with pytest.raises(RunLimitError) as raised:
        go(world, client, "?", tools=[agent], limits=limits)
    world.close(client)
    assert raised.value.limit == limit
    assert raised.value.run is not None
    assert raised.value.run.usage.total_tokens == 3 * 18
    assert len(server.exchanges) == 3


def test_the_outer_limit_of_tool_calls_holds_for_agents(server: FakeServer, world: World) -> None:
    server.add_replies(ask("?"), look("Rome"), Answer(text="done"))
    client, agent = lead(server, tools=[weather])
    run = go(world, client, "?", tools=[agent], limits=RunLimits(calls=1))
    world.close(client)
    assert run.text() == "done"
    assert run.tools[0].run is not None
    assert [tool.outcome for tool in run.tools[0].run.tools] == ["unrun"]
    assert "its limit of 1 calls" in str(run.tools[0].result and run.tools[0].result.output)


def test_an_agent_has_limits_of_its_own_too(server: FakeServer, world: World) -> None:
    server.add_replies(ask("?"), look("Rome"), look("Oslo"), Answer(text="done"))
    client, agent = lead(server, tools=[weather], limits=RunLimits(rounds=2))
    run = go(world, client, "?", tools=[agent])
    world.close(client)
    assert run.text() == "done"
    assert run.tools[0].outcome == "failed"
    assert "its limit of 2 rounds" in str(run.tools[0].result and run.tools[0].result.output)


def test_a_failing_agent_is_reported_to_the_model_with_its_run(server: FakeServer, world: World) -> None:
    server.add_replies(ask("?"), Refusal(400, "no such thing"), Answer(text="sorry"))
    client, agent = lead(server, retries=0)
    run = go(world, client, "?", tools=[agent])
    world.close(client)
    assert (run.tools[0].outcome, run.text()) == ("failed", "sorry")
    assert "BadRequestError" in str(run.tools[0].result and run.tools[0].result.output)
    assert run.tools[0].run is not None


def test_agents_run_side_by_side_within_the_outer_limit(world: World) -> None:
    class Forever:
        """Every agent looks again and again; the lead asks three of them."""

        def steps(self, request: Any) -> Iterable[Any]:
            answer = ask("a", "b", "c") if request.json["model"] == "fake-1" else look("Rome")
            return DialectReply(answer).steps(request)

    with FakeServer(Forever(), forever=True) as server:
        client, agent = lead(server, tools=[weather], limits=RunLimits(rounds=50, repeats=99))
        with pytest.raises(RunLimitError, match="its limit of 9 rounds"):
            go(world, client, "?", tools=[agent], limits=RunLimits(rounds=9, repeats=99))
        world.close(client)
        assert len(server.exchanges) == 9, "not one request more, although three agents sent them"


def test_pending_calls_of_an_agent_are_pending_outside_and_it_goes_on(server: FakeServer, world: World) -> None:
    server.add_replies(ask("one"), look("Rome"), Answer(text="31."), Answer(text="done"))
    client, agent = lead(server, tools=[APPROVED], instructions="You research.")
    pending = go(world, client, "?", tools=[agent])
    assert (pending.stopped, [call.id for call in pending.pending]) == ("pending", ["call_0/call_0"])
    assert [call.name for call in pending.pending] == ["weather"]
    saved = Run.from_json(pending.decide({"call_0/call_0": {"city": "Bern"}}).to_json())
    run = go(world, client, resume=saved, tools=[agent])
    world.close(client)
    assert run.text() == "done"
    assert models(server) == ["fake-1", "fake-2", "fake-2", "fake-1"], "nothing is sent twice"
    sent = server.exchanges[2].json["messages"]
    assert [message["role"] for message in sent] == ["system", "user", "assistant", "tool"]
    assert sent[-1]["content"] == "31 in Bern"
    assert run.usage.total_tokens == 4 * 18
    assert run.record.decisions == {}


def test_the_outer_run_approves_for_its_agents(server: FakeServer, world: World) -> None:
    seen: list[str] = []

    def approve(call: Any) -> bool | str:
        seen.append(call.id)
        return "too far"

    server.add_replies(ask("one"), look("Rome"), Answer(text="no"), Answer(text="done"))
    client, agent = lead(server, tools=[APPROVED])
    run = go(world, client, "?", tools=[agent], approve=approve)
    world.close(client)
    assert seen == ["call_0/call_0"]
    assert run.tools[0].run is not None
    assert [tool.outcome for tool in run.tools[0].run.tools] == ["declined"]


def test_an_agent_may_need_approval_itself(server: FakeServer, world: World) -> None:
    server.add_replies(ask("one"), Answer(text="31."), Answer(text="done"))
    client, agent = lead(server, needs_approval=True)
    pending = go(world, client, "?", tools=[agent])
    assert [call.id for call in pending.pending] == ["call_0"]
    run = go(world, client, resume=pending.decide({"call_0": True}), tools=[agent])
    world.close(client)
    assert models(server) == ["fake-1", "fake-2", "fake-1"]
    assert run.text() == "done"


def test_agents_of_agents_share_too(server: FakeServer, world: World) -> None:
    inner = AIModelClient(endpoint(server.url, model="fake-3")).as_tool("look_up", "Looks up.", tools=[APPROVED])
    client, agent = lead(server, tools=[inner])
    deeper = Answer(tool_calls=(FakeToolCall("look_up", {"prompt": "Rome"}, "deep"),))
    server.add_replies(ask("one"), deeper, look("Rome"), *[Answer(text=text) for text in ("31.", "It is 31.", "done")])
    pending = go(world, client, "?", tools=[agent])
    assert [call.id for call in pending.pending] == ["call_0/deep/call_0"]
    saved = pending.decide({"call_0/deep/call_0": True}).to_json()
    run = go(world, client, resume=saved, tools=[agent])
    world.close(client)
    assert models(server) == ["fake-1", "fake-2", "fake-3", "fake-3", "fake-2", "fake-1"]
    assert run.usage.total_tokens == 6 * 18
    assert run.record.calls == 3


def test_an_agent_goes_on_after_its_process_ended(server: FakeServer, tmp_path: Path) -> None:
    """The store has the state of the agent under the id of the outer run and its step."""
    server.add_replies(ask("one"), look("Rome"), Answer(text="31."), Answer(text="done"))
    store = SQLiteRunStore(tmp_path / "runs.sqlite")
    looked: list[str] = []
    fails = True

    def look_up(city: str) -> str:
        if fails:
            raise KeyboardInterrupt
        looked.append(city)
        return f"31 in {city}"

    tool = Tool.from_function(look_up, name="weather", parallel=False)
    client, agent = lead(server, tools=[tool])
    agent = agent.model_copy(update={"parallel": False})
    with client:
        with pytest.raises(KeyboardInterrupt):
            client.run("?", tools=[agent], store=store, run_id="a")
        assert store.load("a/tool-1-0") is not None
        fails = False
        run = client.run("?", tools=[agent], store=store, run_id="a")
    assert models(server) == ["fake-1", "fake-2", "fake-2", "fake-1"]
    assert (looked, run.text()) == (["Rome"], "done")


def test_a_tool_of_an_agent_that_must_run_once_needs_a_store_outside(server: FakeServer) -> None:
    once = Tool.from_function(weather, once=True)
    client, agent = lead(server, tools=[once])
    with client, pytest.raises(ConfigurationError, match="research: a tool with once=True needs a store"):
        client.run("?", tools=[agent])


def test_settings_of_an_agent_are_checked_when_it_is_made(server: FakeServer) -> None:
    with AIModelClient(endpoint(server.url)) as client:
        with pytest.raises(ConfigurationError, match="limits must be RunLimits"):
            client.as_tool("research", "Finds out.", limits=3)  # type: ignore[arg-type]
        with pytest.raises(ConfigurationError, match="temprature"):
            client.as_tool("research", "Finds out.", temprature=3)  # type: ignore[call-arg]
        with pytest.raises(ConfigurationError, match="invalid tool name"):
            client.as_tool("re search", "Finds out.")


def test_an_agent_with_async_tools_needs_an_async_run(server: FakeServer) -> None:
    async def slow(city: str) -> str:
        return city

    client, agent = lead(server, tools=[slow])
    with client, pytest.raises(SyncAsyncMismatchError, match="research: async tools need an async run"):
        client.run("?", tools=[agent])
    assert server.exchanges == []


def test_cancelling_the_outer_run_ends_the_request_of_its_agent(server: FakeServer) -> None:
    server.add_replies(ask("?"), NoAnswer())
    client, agent = lead(server)

    async def main() -> None:
        task = asyncio.ensure_future(client.run_async("?", tools=[agent]))
        while len(server.exchanges) < 2:
            await anyio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await client.aclose()

    asyncio.run(main())
    assert server.exchanges[1].wait_left()


def test_the_time_limit_of_the_outer_run_ends_an_agent(world: World) -> None:
    def attempt(seconds: float) -> bool | None:
        with FakeServer(ask("?"), NoAnswer()) as server:
            client, agent = lead(server)
            run = go(world, client, "?", tools=[agent], limits=RunLimits(seconds=seconds, otherwise="return"))
            world.close(client)
            assert run.stopped == "seconds"
            if len(server.exchanges) < 2:
                return None
            assert run.tools[0].outcome in ("timed_out", "failed")
            return server.exchanges[1].wait_left()

    assert try_longer_limits(attempt, 0.5)


def test_a_wrong_decision_on_a_call_of_an_agent_ends_the_run(server: FakeServer, world: World) -> None:
    server.add_replies(ask("?"), look("Rome"))
    client, agent = lead(server, tools=[APPROVED])
    pending = go(world, client, "?", tools=[agent])
    decided = pending.decide({"call_0/call_0": {"town": "Rome"}})
    with pytest.raises(ConfigurationError, match="the decision on weather has invalid arguments: city"):
        go(world, client, resume=decided, tools=[agent])
    world.close(client)
    assert len(server.exchanges) == 2


def test_a_store_that_fails_in_an_agent_ends_the_run(server: FakeServer, tmp_path: Path) -> None:
    class Full(SQLiteRunStore):
        def claim(self, run_id: str, step: str, call: str) -> ToolClaim | None:
            if "/" in run_id:
                raise SavedRunError("the disk is full")
            return super().claim(run_id, step, call)

    server.add_replies(ask("?"), look("Rome"))
    client, agent = lead(server, tools=[Tool.from_function(weather, once=True)])
    with client, pytest.raises(SavedRunError, match="the disk is full"):
        client.run("?", tools=[agent], store=Full(tmp_path / "runs.sqlite"), run_id="a")


def test_a_failed_agent_names_its_error(server: FakeServer, world: World) -> None:
    server.add_replies(ask("?"), Refusal(400, "not so"))
    client, agent = lead(server)
    with pytest.raises(ToolFailedError, match="the tool 'research' raised BadRequestError: ") as caught:
        go(world, client, "?", tools=[agent], tool_errors="raise")
    world.close(client)
    assert isinstance(caught.value.__cause__, BadRequestError)


def test_events_of_an_agent_arrive_while_its_tools_run(server: FakeServer) -> None:
    """The tool of the agent ends only after the reader of the stream has seen that it started."""
    seen = threading.Event()

    def wait(city: str) -> str:
        assert seen.wait(250), "the event came too late"
        return city

    server.add_replies(ask("?"), look("Rome"), Answer(text="31."), Answer(text="done"))
    client, agent = lead(server, tools=[Tool.from_function(wait, name="weather")])
    kinds = []
    with client, client.run_streaming("?", tools=[agent, weather]) as stream:
        for event, _ in stream:
            kinds.append(type(event).__name__)
            if isinstance(event, AgentEvent) and isinstance(event.event, ToolStarted):
                seen.set()
    run = stream.run
    assert (run.text(), run.tools[0].outcome, kinds.count("AgentEvent") > 4) == ("done", "ran", True)
    assert kinds.index("ToolEnded") > len(kinds) - 1 - kinds[::-1].index("AgentEvent")


@pytest.mark.parametrize("world", ASYNC_WORLDS, ids=lambda world: world.name)
def test_events_of_an_agent_arrive_while_its_async_tools_run(world: Async, server: FakeServer) -> None:
    async def main() -> Run[Any]:
        seen = anyio.Event()

        async def wait(city: str) -> str:
            with anyio.fail_after(250):
                await seen.wait()
            return city

        client, agent = lead(server, tools=[Tool.from_function(wait, name="weather")])
        async with client, client.run_streaming_async("?", tools=[agent]) as stream:
            async for event, _ in stream:
                if isinstance(event, AgentEvent) and isinstance(event.event, ToolStarted):
                    seen.set()
        return stream.run

    server.add_replies(ask("one", "two"), *[look("Rome")] * 2, *[Answer(text="31.")] * 2, Answer(text="done"))
    run = world.start(main)
    assert (run.text(), [tool.outcome for tool in run.tools]) == ("done", ["ran", "ran"])


def test_a_tool_that_is_not_parallel_runs_on_the_calling_thread_in_streams(server: FakeServer) -> None:
    threads = []

    def here(city: str) -> str:
        threads.append(threading.current_thread())
        return city

    both = (FakeToolCall("research", {"prompt": "?"}, "a"), FakeToolCall("here", {"city": "Rome"}, "b"))
    server.add_replies(Answer(tool_calls=both), Answer(text="31."), Answer(text="done"))
    client, agent = lead(server)
    with client:
        *_, (_, run) = client.run_streaming("?", tools=[agent, Tool.from_function(here, parallel=False)])
    assert run is not None
    assert [tool.outcome for tool in run.tools] == ["ran", "ran"]
    assert threads == [threading.current_thread()]


def test_closing_a_stream_ends_the_request_of_an_agent(server: FakeServer, world: World) -> None:
    server.add_replies(ask("?"), NoAnswer())
    client, agent = lead(server)

    def is_inner_request(event: Any) -> bool:
        return isinstance(event, AgentEvent) and isinstance(event.event, StepStarted)

    if isinstance(world, Blocking):
        with client.run_streaming("?", tools=[agent]) as stream:
            assert any(is_inner_request(event) for event, _ in stream)
        run = stream.run
    else:

        async def leave() -> Run[Any]:
            async with client.run_streaming_async("?", tools=[agent]) as stream:
                async for event, _ in stream:
                    if is_inner_request(event):
                        break
                while len(server.exchanges) < 2:
                    await anyio.sleep(0.01)
            return stream.run

        run = world.start(leave)
    world.close(client)
    assert run.stopped == "interrupted"
    assert [tool.outcome for tool in run.tools] == ["unrun"]
    wait_until(lambda: len(server.exchanges) < 2 or server.exchanges[1].wait_left())


def test_a_stream_that_is_dropped_ends_the_request_of_an_agent(server: FakeServer) -> None:
    server.add_replies(ask("?"), NoAnswer())
    client, agent = lead(server)
    with client:
        stream = client.run_streaming("?", tools=[agent])
        assert any(isinstance(event, AgentEvent) for event, _ in stream)
        wait_until(lambda: len(server.exchanges) == 2)
        del stream
        gc.collect()
        assert server.exchanges[1].wait_left()


def test_errors_of_agents_in_streams_are_raised_where_the_stream_is_read(server: FakeServer, world: World) -> None:
    server.add_replies(ask("?"), look("Rome"), ask("?"), look("Rome"))
    client, agent = lead(server, tools=[APPROVED])
    pending = go_streaming(world, client, "?", tools=[agent])[1]
    decided = pending.decide({"call_0/call_0": {"town": "Rome"}})
    with pytest.raises(ConfigurationError, match="the decision on weather has invalid arguments: city"):
        go_streaming(world, client, resume=decided, tools=[agent])

    def leave(call: Any) -> bool:
        raise SystemExit(3)

    with pytest.raises(BaseException):  # noqa: B017  # in async code, a group of exceptions
        go_streaming(world, client, "?", tools=[agent], approve=leave)
    world.close(client)
