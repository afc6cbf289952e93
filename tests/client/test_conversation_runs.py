"""Runs in a conversation: one turn with all its rounds, whatever became of it."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from functools import partial
from typing import Any

import anyio
import pytest
import trio
from pydantic import BaseModel

from dhenara.ai import AIModelClient
from dhenara.ai.conversation import Conversation
from dhenara.ai.errors import (
    ConfigurationError,
    InvalidOutputError,
    RateLimitError,
    RunLimitError,
    SavedRunError,
    ToolFailedError,
)
from dhenara.ai.testing import Answer, CutReply, DialectReply, FakeServer, FakeToolCall, Refusal, Stall
from dhenara.ai.types import ChatModelCostData, RunLimits, StreamingChatResponse, Tool, ToolDefinition
from support.waiting import wait_until_async
from support.worlds import Blocking, World, endpoint

PROVIDERS = ["openai", "anthropic", "google_ai", "amazon_bedrock", "cohere", "ollama"]
PRICES = ChatModelCostData(input_token_cost_per_million=Decimal(1), output_token_cost_per_million=Decimal(2))
ROUNDS = ["user", "assistant", "tool", "assistant"]


def weather(city: str) -> str:
    """The weather in a city."""
    return f"sunny in {city}"


def calls(city: str = "Rome") -> Answer:
    return Answer(tool_calls=(FakeToolCall("weather", {"city": city}, f"call_{city}"),))


GUARDED = Tool.from_function(weather, needs_approval=True)


def go(world: World, talk: Conversation, *provided: Any, name: str = "run", **settings: Any) -> Any:
    if isinstance(world, Blocking):
        return getattr(talk, name)(*provided, **settings)
    return world._start(lambda: getattr(talk, f"{name}_async")(*provided, **settings))


def streamed(world: World, talk: Conversation, *provided: Any, until: type | None = None, **settings: Any) -> list[Any]:
    """The events of a streamed run, which is closed after the first one of that kind."""
    actual: list[Any] = []
    if isinstance(world, Blocking):
        with talk.run_streaming(*provided, **settings) as stream:
            for event, final in stream:
                actual.append(event or final)
                if until and isinstance(event, until):
                    break
        return actual

    async def drain() -> None:
        async with talk.run_streaming_async(*provided, **settings) as stream:
            async for event, final in stream:
                actual.append(event or final)
                if until and isinstance(event, until):
                    break

    world._start(drain)
    return actual


def roles(talk: Conversation) -> list[str]:
    return [message.role for message in talk.messages]


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("streaming", [False, True])
def test_a_run_is_one_turn(provider: str, streaming: bool, world: World) -> None:
    with FakeServer(Answer(text="Hello."), calls(), Answer(text="Sunny."), Answer(text="Yes."), strict=True) as server:
        client = AIModelClient(endpoint(server.url, provider))
        talk = client.conversation("Be brief.")
        go(world, talk, "I am Ann.", name="ask")
        if streaming:
            streamed(world, talk, "Weather in Rome?", tools=[weather])
        else:
            assert go(world, talk, "Weather in Rome?", tools=[weather]).text() == "Sunny."
        turn = talk.turns[1]
        assert ([message.role for message in turn.messages], turn.text) == (ROUNDS, "Sunny.")
        assert turn.usage is not None
        assert turn.usage.total_tokens == 36
        assert talk.usage.total_tokens == 54
        go(world, talk, "Sure?", name="ask", tools=[weather])
        assert len(talk.turns) == 3
        world.close(client)


def test_saved_and_loaded_it_has_the_same_bytes_and_goes_on(world: World) -> None:
    with FakeServer(calls(), Answer(text="Sunny."), Answer(text="Yes."), strict=True) as server:
        client = AIModelClient(endpoint(server.url, "anthropic"))
        talk = client.conversation()
        go(world, talk, "Weather in Rome?", tools=[weather])
        again = Conversation.from_json(talk.to_json(), client)
        assert again.to_json() == talk.to_json()
        go(world, again, "Sure?", name="ask", tools=[weather])
        assert [turn.text for turn in again.turns] == ["Sunny.", "Yes."]
        world.close(client)


def test_a_run_turn_is_undone_as_a_whole_and_branched(server: FakeServer, world: World) -> None:
    server.add_replies(calls(), Answer(text="Sunny."), Answer(text="Bye."))
    client = AIModelClient(endpoint(server.url))
    talk = client.conversation()
    go(world, talk, "Weather in Rome?", tools=[weather])
    other = talk.branch()
    assert talk.undo().text == "Sunny."
    assert (talk.messages, talk.usage.total_tokens) == ([], 0)
    go(world, talk, "Bye.", name="ask")
    assert (len(server.exchanges[2].json["messages"]), roles(other)) == (1, ROUNDS)
    world.close(client)


def test_another_provider_gets_all_turns_and_a_plan_shows_how(world: World) -> None:
    with FakeServer(calls(), Answer(text="Sunny."), calls("Oslo"), Answer(text="Rainy."), strict=True) as server:
        client = AIModelClient(endpoint(server.url))
        talk = client.conversation()
        go(world, talk, "Weather in Rome?", tools=[weather])
        talk.client = other = AIModelClient(endpoint(server.url, "anthropic"))
        assert len(talk.plan("And in Oslo?", tools=[weather]).parts) == 5
        assert go(world, talk, "And in Oslo?", tools=[weather]).text() == "Rainy."
        assert roles(talk) == [*ROUNDS, *ROUNDS]
        world.close(client)
        world.close(other)


def test_what_all_rounds_cost_is_counted(server: FakeServer, world: World) -> None:
    server.add_replies(calls(), Answer(text="Sunny."))
    client = AIModelClient(endpoint(server.url).model_copy(update={"cost_data": PRICES}))
    talk = client.conversation()
    run = go(world, talk, "Weather?", tools=[weather])
    assert talk.cost.amount == run.cost.amount
    assert talk.cost.amount == 2 * run.steps[0].response.chat_response.cost.amount
    assert "first turn" in talk.explain_cache()
    world.close(client)


def test_a_run_that_waits_goes_on_in_the_same_turn(server: FakeServer, world: World) -> None:
    server.add_replies(calls(), Answer(text="Sunny."))
    client = AIModelClient(endpoint(server.url))
    talk = client.conversation()
    assert go(world, talk, "Weather?", instructions="Rhyme.", tools=[GUARDED]).stopped == "pending"
    assert roles(talk) == ["user", "assistant"]
    again = Conversation.from_json(talk.to_json(), client)
    done = go(world, again, tools=[GUARDED], approve=lambda call: True)
    (turn,) = again.turns
    assert (done.text(), turn.text, roles(again)) == ("Sunny.", "Sunny.", ROUNDS)
    assert again.usage.total_tokens == 36
    assert (turn.instructions, server.exchanges[1].json["messages"][0]["content"]) == (["Rhyme."], "Rhyme.")
    assert again.undo().prompt[0].contents
    assert (again.turns, roles(talk)) == ((), ["user", "assistant"])
    world.close(client)


def test_calls_that_ask_left_open_run_in_the_same_turn(server: FakeServer, world: World) -> None:
    server.add_replies(calls(), Answer(text="Sunny."))
    client = AIModelClient(endpoint(server.url))
    talk = client.conversation()
    go(world, talk, "Weather?", name="ask", tools=[ToolDefinition(name="weather")])
    go(world, talk, tools=[weather])
    assert (len(talk.turns), roles(talk), talk.usage.total_tokens) == (1, ROUNDS, 36)
    world.close(client)


def test_another_question_instead_of_an_approval_is_understood(world: World) -> None:
    with FakeServer(calls(), Answer(text="As you like."), strict=True) as server:
        client = AIModelClient(endpoint(server.url))
        talk = client.conversation()
        go(world, talk, "Weather?", tools=[GUARDED])
        go(world, talk, "Never mind.", name="ask", tools=[GUARDED])
        assert "This call was not run." in str(server.exchanges[1].json["messages"])
        world.close(client)


def test_a_run_that_fails_at_once_leaves_no_trace(server: FakeServer, world: World) -> None:
    server.add_replies(Refusal(429))
    client = AIModelClient(endpoint(server.url))
    talk = client.conversation()
    with pytest.raises(RateLimitError):
        go(world, talk, "Weather?", tools=[weather], retries=0)
    assert talk.turns == ()
    world.close(client)


def test_a_run_that_fails_later_keeps_what_had_happened_and_goes_on(server: FakeServer, world: World) -> None:
    server.add_replies(calls(), Refusal(429), Answer(text="Sunny."))
    client = AIModelClient(endpoint(server.url))
    talk = client.conversation()
    with pytest.raises(RateLimitError):
        go(world, talk, "Weather?", tools=[weather], retries=0)
    assert (roles(talk), talk.usage.total_tokens) == (["user", "assistant", "tool"], 18)
    assert go(world, talk, tools=[weather]).text() == "Sunny."
    assert (len(talk.turns), roles(talk)) == (1, ROUNDS)
    world.close(client)


def test_limits_and_broken_tools_leave_their_rounds(server: FakeServer, world: World) -> None:
    def broken(city: str) -> str:
        raise OSError(city)

    server.add_replies(calls(), calls())
    client = AIModelClient(endpoint(server.url))
    talk = client.conversation()
    with pytest.raises(RunLimitError):
        go(world, talk, "Weather?", tools=[weather], limits=RunLimits(rounds=1))
    with pytest.raises(ToolFailedError):
        go(world, talk, "Again?", tools=[Tool.from_function(broken, name="weather")], tool_errors="raise")
    assert roles(talk) == ["user", "assistant", "tool"] * 2
    world.close(client)


def test_what_a_user_function_raises_is_no_reason_to_forget(server: FakeServer, world: World) -> None:
    def refuse(call: Any) -> bool:
        raise LookupError("nobody is here to ask")

    server.add_replies(calls())
    client = AIModelClient(endpoint(server.url))
    talk = client.conversation()
    with pytest.raises(LookupError):
        go(world, talk, "Weather?", tools=[GUARDED], approve=refuse)
    assert roles(talk) == ["user", "assistant"]
    world.close(client)


def test_a_streamed_run_that_is_left_keeps_what_had_arrived(server: FakeServer, world: World) -> None:
    server.add_replies(CutReply(DialectReply(Answer(text="word " * 50)), 8, Stall()), Answer(text="Yes."))
    client = AIModelClient(endpoint(server.url))
    talk = client.conversation()
    streamed(world, talk, "Go on.", tools=[weather], until=StreamingChatResponse)
    (turn,) = talk.turns
    assert turn.answer.interrupted
    assert turn.text.startswith("word")
    go(world, talk, "Sure?", name="ask")
    assert server.exchanges[1].json["messages"][1]["content"] == turn.text
    world.close(client)


@pytest.mark.parametrize("kind", ["asyncio", "trio"])
def test_a_cancelled_run_keeps_what_had_happened(kind: str, server: FakeServer) -> None:
    server.add_replies(DialectReply(calls(), pause=0.0))
    begun: list[str] = []

    async def endless(city: str) -> str:
        begun.append(city)
        await (asyncio.sleep(300) if kind == "asyncio" else trio.sleep(300))
        return city

    async def scenario() -> None:
        async with AIModelClient(endpoint(server.url)) as client:
            talk = client.conversation()
            tool = Tool.from_function(endless, name="weather")
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(partial(talk.run_async, "Weather?", tools=[tool]))
                await wait_until_async(lambda: begun)
                tasks.cancel_scope.cancel()
            assert (begun, roles(talk)) == (["Rome"], ["user", "assistant"])

    start: Any = {"asyncio": lambda: asyncio.run(scenario()), "trio": lambda: trio.run(scenario)}[kind]
    start()


class City(BaseModel):
    name: str
    people: int


def test_structured_output_is_requested_and_corrected_in_one_turn(server: FakeServer, world: World) -> None:
    server.add_replies(
        Answer(text='{"name": "Rome"}'), Answer(text='{"name": "Rome", "people": 3}'), Answer(text="Yes.")
    )
    client = AIModelClient(endpoint(server.url))
    talk = client.conversation()
    if isinstance(world, Blocking):
        city = talk.ask_typed("How big is Rome?", City)
    else:
        city = world._start(lambda: talk.ask_typed_async("How big is Rome?", City))
    assert city == City(name="Rome", people=3)
    assert (len(talk.turns), roles(talk)) == (1, ["user", "assistant", "user", "assistant"])
    go(world, talk, "Sure?", name="ask")
    assert len(server.exchanges[2].json["messages"]) == 5
    world.close(client)


def test_output_that_stays_invalid_leaves_the_turn(server: FakeServer) -> None:
    server.add_replies(Answer(text="No."))
    with AIModelClient(endpoint(server.url)) as client:
        talk = client.conversation()
        with pytest.raises(InvalidOutputError):
            talk.ask_typed("How big is Rome?", City, repairs=0)
        assert talk.turns[0].text == "No."


def test_on_event_of_the_user_is_called_too(server: FakeServer) -> None:
    server.add_replies(calls(), Answer(text="Sunny."))
    received: list[Any] = []
    with AIModelClient(endpoint(server.url)) as client:
        talk = client.conversation()
        talk.run("Weather?", tools=[weather], on_end=received.append)
        assert [run.stopped for run in received] == ["answered"]
        with pytest.raises(ConfigurationError, match="'temprature'"):
            talk.run("Weather?", temprature=1)
        assert len(talk.turns) == 1


def test_the_run_of_the_last_turn_is_resumed_with_decisions(server: FakeServer, world: World) -> None:
    server.add_replies(calls(), Answer(text="Sunny."), Answer(text="Sunny."))
    client = AIModelClient(endpoint(server.url))
    talk = client.conversation()
    waiting = go(world, talk, "Weather?", instructions="Rhyme.", tools=[GUARDED])
    again = Conversation.from_json(talk.to_json(), client)
    saved = again.turns[0].run
    assert saved is not None
    assert [call.id for call in saved.pending] == ["call_Rome"]
    for one, decided in (
        (talk, waiting.decide({"call_Rome": {"city": "Oslo"}})),
        (again, saved.decide({"call_Rome": True}).to_json()),
    ):
        done = go(world, one, resume=decided, tools=[GUARDED])
        (turn,) = one.turns
        assert (done.text(), turn.text, roles(one), turn.run) == ("Sunny.", "Sunny.", ROUNDS, None)
        assert (one.usage.total_tokens, turn.instructions) == (36, ["Rhyme."])
    sent = [str(exchange.json["messages"][-1]["content"]) for exchange in server.exchanges]
    assert sent[1:] == ["sunny in Oslo", "sunny in Rome"]
    world.close(client)


def test_only_the_pending_run_of_the_last_turn_is_resumed(server: FakeServer, world: World) -> None:
    server.add_replies(calls(), Answer(text="Hello."), calls())
    client = AIModelClient(endpoint(server.url))
    talk = client.conversation()
    waiting = go(world, talk, "?", tools=[GUARDED])
    decided = waiting.decide({"call_Rome": True})
    with pytest.raises(ConfigurationError, match="Leave out the prompt"):
        go(world, talk, "And?", resume=decided, tools=[GUARDED])
    with pytest.raises(ConfigurationError, match="a run of this conversation, or its JSON, not int"):
        go(world, talk, resume=5, tools=[GUARDED])
    with pytest.raises(SavedRunError, match="the saved run has the tool 'weather'"):
        go(world, talk, resume=decided)
    assert roles(talk) == ["user", "assistant"]
    for other in (talk.branch(0), client.conversation()):
        with pytest.raises(ConfigurationError, match="run of the last turn while its calls are pending"):
            go(world, other, resume=decided, tools=[GUARDED])
    go(world, talk, "Hello?", name="ask")
    with pytest.raises(ConfigurationError, match="without a prompt continues the last turn"):
        go(world, talk, resume=decided, tools=[GUARDED])
    world.close(client)


def ask_agent() -> Answer:
    return Answer(tool_calls=(FakeToolCall("research", {"prompt": "How is Rome?"}, "a"),))


@pytest.mark.parametrize("way", ["approve", "decide", "stream"])
def test_an_agent_with_pending_calls_goes_on_in_a_conversation(way: str, server: FakeServer, world: World) -> None:
    """It is not begun again: nothing is asked twice."""
    server.add_replies(Answer(text="Hi."), ask_agent(), calls(), Answer(text="Sunny."), Answer(text="Done."))
    client = AIModelClient(endpoint(server.url))
    agent = AIModelClient(endpoint(server.url, model="fake-2")).as_tool("research", "Looks up.", tools=[GUARDED])
    talk = client.conversation("Be brief.")
    go(world, talk, "Hi.", name="ask")
    pending = go(world, talk, "Weather?", tools=[agent])
    assert [call.id for call in pending.pending] == ["a/call_Rome"]
    talk = Conversation.from_json(talk.to_json(), client)
    approved: list[str] = []

    def approve(call: Any) -> bool:
        approved.append(call.id)
        return True

    if way == "decide":
        run = go(world, talk, resume=pending.decide({"a/call_Rome": True}), tools=[agent])
    elif way == "approve":
        run = go(world, talk, tools=[agent], approve=approve)
    else:
        run = streamed(world, talk, tools=[agent], approve=approve)[-1]
    assert approved == ([] if way == "decide" else ["a/call_Rome"])
    assert (run.text(), talk.turns[-1].text, len(server.exchanges)) == ("Done.", "Done.", 5)
    assert [exchange.json["model"] for exchange in server.exchanges][1:] == ["fake-1", "fake-2", "fake-2", "fake-1"]
    assert (roles(talk), talk.usage.total_tokens) == (["user", "assistant", *ROUNDS], 5 * 18)
    assert talk.turns[-1].run is None
    world.close(client)


def test_an_agent_may_wait_again_and_a_failure_leaves_the_turn(server: FakeServer, world: World) -> None:
    server.add_replies(ask_agent(), calls(), calls("Oslo"), Refusal(429), Answer(text="Rainy."), Answer(text="Done."))
    client = AIModelClient(endpoint(server.url))
    other = AIModelClient(endpoint(server.url, model="fake-2"))
    agent = other.as_tool("research", "Looks up.", tools=[GUARDED], retries=0)
    talk = client.conversation()
    go(world, talk, "Weather?", tools=[agent])
    again = go(world, talk, tools=[agent], approve=lambda call: True if call.id == "a/call_Rome" else None)
    assert [call.id for call in again.pending] == ["a/call_Oslo"]
    assert (roles(talk), talk.usage.total_tokens) == (["user", "assistant"], 54)
    with pytest.raises(ConfigurationError, match="has invalid arguments"):
        go(world, talk, resume=again.decide({"a/call_Oslo": {"town": "Oslo"}}), tools=[agent])
    assert talk.turns[-1].run is not None
    with pytest.raises(ToolFailedError):
        go(world, talk, tools=[agent], approve=lambda call: True, tool_errors="raise")
    world.close(client)
