"""Runs: tools are called, answered and asked about, side by side, within limits, in every world."""

from __future__ import annotations

import contextvars
import json as standard
import threading
import time
from inspect import signature
from typing import Any

import anyio
import pytest
from pydantic import BaseModel

from dhenara.ai import AIModelClient
from dhenara.ai.client.runs import ConversationSettings, RunPlanSettings, RunSettings, RunsMixin
from dhenara.ai.errors import (
    ConfigurationError,
    InvalidOutputError,
    RateLimitError,
    RunLimitError,
    SyncAsyncMismatchError,
    ToolFailedError,
)
from dhenara.ai.testing import Answer, CutReply, DialectReply, FakeServer, FakeToolCall, RawStream, Refusal, Stall
from dhenara.ai.types import (
    AIModelCallConfig,
    ChatModelCostData,
    ImageContent,
    Message,
    OutputGrew,
    RepairStarted,
    RunLimits,
    StepAnswered,
    StepStarted,
    StreamingChatResponse,
    Tool,
    ToolEnded,
    ToolStarted,
)
from dhenara.ai.types.config.other_names import ALTERNATIVE_NAMES
from support.runs import go, go_streaming
from support.waiting import wait_until_async
from support.worlds import World, endpoint

PROVIDERS = {
    "openai": "gpt-5",
    "anthropic": "claude-sonnet-4-5",
    "google_ai": "gemini-3-flash",
    "amazon_bedrock": "anthropic.claude-sonnet-4-5-v1:0",
    "cohere": "command-a",
    "ollama": "qwen3",
}


def weather(city: str) -> dict[str, Any]:
    """The weather now.

    Args:
        city: Where.
    """
    return {"city": city, "degrees": 31}


def calls(*made: tuple[str, dict[str, Any]]) -> Answer:
    return Answer(tool_calls=tuple(FakeToolCall(name, given, f"call_{n}") for n, (name, given) in enumerate(made)))


ROME = calls(("weather", {"city": "Rome"}))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_tool_runs_and_its_result_is_sent(provider: str, server: FakeServer, world: World) -> None:
    server.add_replies(ROME, Answer(text="It is hot."))
    client = AIModelClient(endpoint(server.url, provider, PROVIDERS[provider]))
    run = go(world, client, "How is Rome?", tools=[weather])
    world.close(client)
    assert run.text() == "It is hot."
    assert run.stopped == "answered"
    assert [(t.call.name, t.outcome, t.result and t.result.output) for t in run.tools] == [
        ("weather", "ran", {"city": "Rome", "degrees": 31})
    ]
    assert [message.role for message in run.messages] == ["user", "assistant", "tool", "assistant"]
    assert run.usage.total_tokens == 36
    assert b"31" in server.exchanges[1].body


def test_events_arrive_in_order_while_streaming(server: FakeServer, world: World) -> None:
    server.add_replies(ROME, Answer(text="It is hot."))
    client = AIModelClient(endpoint(server.url))
    events, run = go_streaming(world, client, "How is Rome?", tools=[weather])
    world.close(client)
    kinds = [type(event) for event in events]
    assert kinds[0] is StepStarted
    order = [kind for kind in kinds if kind is not StreamingChatResponse]
    assert order == [StepStarted, StepAnswered, ToolStarted, ToolEnded, StepStarted, StepAnswered]
    texts = [
        delta.text_delta
        for event in events
        if isinstance(event, StreamingChatResponse)
        for delta in event.data.choice_deltas[0].content_deltas
    ]
    assert "".join(texts) == run.text() == "It is hot."
    assert len(run.steps) == 2


def test_on_event_gets_the_same_events(server: FakeServer, world: World) -> None:
    server.add_replies(ROME, Answer(text="It is hot."))
    received: list[Any] = []
    client = AIModelClient(endpoint(server.url))
    go(world, client, "How is Rome?", tools=[weather], on_event=received.append)
    world.close(client)
    assert [type(event) for event in received] == [
        StepStarted,
        StepAnswered,
        ToolStarted,
        ToolEnded,
        StepStarted,
        StepAnswered,
    ]


def test_calls_run_side_by_side_and_results_keep_their_order(server: FakeServer, world: World) -> None:
    meeting = threading.Barrier(3)
    mark = contextvars.ContextVar("mark", default="unset")
    mark.set("set")

    def meet(number: int) -> str:
        meeting.wait(timeout=100)
        return f"{number} {mark.get()}"

    server.add_replies(calls(*(("meet", {"number": n}) for n in range(3))), Answer(text="done"))
    client = AIModelClient(endpoint(server.url))
    run = go(world, client, "go", tools=[meet])
    world.close(client)
    assert [tool.result and tool.result.output for tool in run.tools] == ["0 set", "1 set", "2 set"]


def test_async_tools_run_on_the_loop_and_are_refused_where_there_is_none(server: FakeServer, world: World) -> None:
    async def slow(number: int) -> int:
        await anyio.sleep(0.01)
        return number * 2

    server.add_replies(calls(("slow", {"number": 1}), ("slow", {"number": 2})), Answer(text="done"))
    client = AIModelClient(endpoint(server.url))
    if world.name == "blocking":
        with pytest.raises(SyncAsyncMismatchError, match="slow: async tools need an async run"):
            go(world, client, "go", tools=[slow])
        assert server.exchanges == []
        return
    run = go(world, client, "go", tools=[slow])
    world.close(client)
    assert [tool.result and tool.result.output for tool in run.tools] == [2, 4]


def test_a_plain_function_around_an_async_one_is_a_tool_too(server: FakeServer, world: World) -> None:
    async def slow(number: int) -> int:
        await anyio.sleep(0.05)  # at least so long, and more on a busy machine
        return number * 2

    def wrapped(number: int) -> Any:
        """Nothing in its definition says that it has to be awaited."""
        return slow(number)

    server.add_replies(calls(("wrapped", {"number": 1}), ("wrapped", {"number": 2})), Answer(text="done"))
    client = AIModelClient(endpoint(server.url))
    run = go(world, client, "go", tools=[wrapped])
    world.close(client)
    if world.name == "blocking":
        assert all("which sync code cannot do" in str(tool.result) for tool in run.tools)
        return
    assert [tool.result and tool.result.output for tool in run.tools] == [2, 4]
    assert all(tool.seconds >= 0.045 for tool in run.tools)  # timers of uvloop count whole milliseconds


def test_a_wrapped_async_tool_is_cancelled_at_its_timeout(server: FakeServer, world: World) -> None:
    async def endless(city: str) -> str:
        await anyio.sleep(300)
        return city

    def wrapped(city: str) -> Any:
        return endless(city)

    server.add_replies(calls(("wrapped", {"city": "Rome"})), Answer(text="done"))
    client = AIModelClient(endpoint(server.url))
    run = go(world, client, "go", tools=[Tool.from_function(wrapped, timeout=0.05)])
    world.close(client)
    assert [tool.outcome for tool in run.tools] == ["failed" if world.name == "blocking" else "timed_out"]


def test_a_tool_that_must_run_alone_does(server: FakeServer, world: World) -> None:
    inside, most, together = [0], [0], threading.Event()

    def lonely(number: int) -> int:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        together.wait(0.02)  # nobody comes, unless several run at once
        inside[0] -= 1
        return number

    server.add_replies(calls(*(("lonely", {"number": n}) for n in range(3))), Answer(text="done"))
    client = AIModelClient(endpoint(server.url))
    run = go(world, client, "go", tools=[Tool.from_function(lonely, parallel=False)])
    world.close(client)
    assert most == [1]
    assert len(run.tools) == 3


def test_mistakes_of_the_model_are_explained_to_it(server: FakeServer, world: World) -> None:
    server.add_replies(
        calls(("wether", {"city": "Rome"}), ("weather", {"town": "Rome"})), calls(("weather", {"city": 3})), ROME
    )
    server.add_replies(Answer(text="at last"))
    client = AIModelClient(endpoint(server.url))
    run = go(world, client, "How is Rome?", tools=[weather])
    world.close(client)
    assert [tool.outcome for tool in run.tools] == ["unknown", "invalid", "invalid", "ran"]
    reported = [str(tool.result and tool.result.output) for tool in run.tools]
    assert reported[0] == "unknown tool 'wether'; available: weather"
    assert "city: Field required" in reported[1]
    assert "town: Extra inputs are not permitted" in reported[1]
    assert "city: Input should be a valid string" in reported[2]
    assert run.text() == "at last"


def test_arguments_that_are_no_json_are_explained_too(server: FakeServer) -> None:
    chunk = (
        b'data: {"id":"1","model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c","type":'
        b'"function","function":{"name":"weather","arguments":"{\\"city\\": "}}]},"finish_reason":"tool_calls"}]}\n\n'
    )
    server.add_replies(RawStream([chunk, b"data: [DONE]\n\n"]), Answer(text="sorry"))
    with AIModelClient(endpoint(server.url)) as client:
        run = list(client.run_streaming("?", tools=[weather]))[-1][1]
    assert run is not None
    assert [tool.outcome for tool in run.tools] == ["invalid"]
    assert "not JSON" in str(run.tools[0].result and run.tools[0].result.output)


def broken(city: str) -> str:
    raise KeyError(city)


def test_tool_errors_are_sent_to_the_model_or_raised(server: FakeServer, world: World) -> None:
    server.add_replies(calls(("broken", {"city": "Rome"})), Answer(text="sorry"), calls(("broken", {"city": "Rome"})))
    client = AIModelClient(endpoint(server.url))
    run = go(world, client, "?", tools=[broken])
    assert run.tools[0].result is not None
    assert (run.tools[0].outcome, run.tools[0].result.is_error) == ("failed", True)
    assert run.tools[0].result.output == "broken failed: KeyError: 'Rome'"
    with pytest.raises(ToolFailedError, match="'broken' raised KeyError") as raised:
        go(world, client, "?", tools=[broken], tool_errors="raise")
    world.close(client)
    assert isinstance(raised.value.__cause__, KeyError)
    assert raised.value.run is not None
    assert raised.value.run.tools[0].outcome == "failed"


def test_a_call_that_needs_approval_runs_after_approval(server: FakeServer, world: World) -> None:
    requested: list[str] = []

    def approve(call: Any) -> bool | str:
        requested.append(call.arguments["city"])
        return True if call.arguments["city"] == "Rome" else "not there"

    server.add_replies(calls(("weather", {"city": "Rome"}), ("weather", {"city": "Oslo"})), Answer(text="done"))
    client = AIModelClient(endpoint(server.url))
    tool = Tool.from_function(weather, needs_approval=True)
    run = go(world, client, "?", tools=[tool], approve=approve)
    world.close(client)
    assert requested == ["Rome", "Oslo"]
    assert [tool.outcome for tool in run.tools] == ["ran", "declined"]
    assert run.tools[1].result is not None
    assert run.tools[1].result.output == "the user declined this call: not there"


def test_a_call_is_pending_until_somebody_decides(server: FakeServer, world: World) -> None:
    server.add_replies(calls(("weather", {"city": "Rome"}), ("ask", {})))
    client = AIModelClient(endpoint(server.url))
    own = Tool.from_schema({"type": "object", "properties": {}}, name="ask")
    tools = [Tool.from_function(weather, needs_approval=True), own]
    run = go(world, client, "?", tools=tools, approve=lambda call: None)
    world.close(client)
    assert run.stopped == "pending"
    assert [(tool.outcome, tool.needs_approval) for tool in run.tools] == [("pending", True), ("pending", False)]


def test_approval_may_be_awaited(server: FakeServer, world: World) -> None:
    async def approve(call: Any) -> bool:
        await anyio.sleep(0)
        return True

    server.add_replies(ROME, Answer(text="done"))
    client = AIModelClient(endpoint(server.url))
    tool = Tool.from_function(weather, needs_approval=True)
    if world.name == "blocking":
        with pytest.raises(SyncAsyncMismatchError, match="approve is an async function"):
            go(world, client, "?", tools=[tool], approve=approve)
        return
    assert go(world, client, "?", tools=[tool], approve=approve).tools[0].outcome == "ran"
    world.close(client)


def test_a_run_waits_for_approval_across_processes(server: FakeServer, world: World) -> None:
    server.add_replies(calls(("weather", {"city": "Rome"}), ("other", {})), Answer(text="It is hot."))
    client = AIModelClient(endpoint(server.url))
    tool = Tool.from_function(weather, needs_approval=True)

    def other() -> str:
        return "fine"

    first = go(world, client, "?", tools=[tool, other])
    assert (first.stopped, [call.name for call in first.pending]) == ("pending", ["weather"])
    assert [tool.outcome for tool in first.tools] == ["pending", "ran"]
    stored = [message.model_dump_json() for message in first.messages]
    again = [Message.model_validate_json(text) for text in stored]
    second = go(world, client, messages=again, tools=[tool, other], approve=lambda call: True)
    world.close(client)
    assert second.stopped == "answered"
    assert [t.call.name for t in second.tools] == ["weather"]
    sent = [message["role"] for message in server.exchanges[1].json["messages"]]
    assert sent == ["user", "assistant", "tool", "tool"]


def test_a_tool_without_a_function_is_handed_to_you(server: FakeServer, world: World) -> None:
    server.add_replies(calls(("ask", {"q": "a"})))
    client = AIModelClient(endpoint(server.url))
    run = go(world, client, "?", tools=[{"name": "ask", "parameters": {"type": "object", "properties": {}}}])
    world.close(client)
    assert run.stopped == "pending"
    assert run.pending[0].arguments == {"q": "a"}


@pytest.mark.parametrize(
    ("limits", "limit", "requested"),
    [(RunLimits(rounds=2), "rounds", 2), (RunLimits(calls=3), "calls", 4), (RunLimits(tokens=30), "tokens", 2)],
)
def test_limits_end_a_run_that_would_not_end(
    limits: RunLimits, limit: str, requested: int, server: FakeServer, world: World
) -> None:
    server.add_replies(*[calls(("weather", {"city": f"c{n}"})) for n in range(9)])
    client = AIModelClient(endpoint(server.url))
    with pytest.raises(RunLimitError, match=f"its limit of . *{limit}|its limit of 30 {limit}") as raised:
        go(world, client, "?", tools=[weather], limits=limits)
    assert raised.value.limit == limit
    assert raised.value.run is not None
    assert len(raised.value.run.steps) == len(server.exchanges) == requested
    run = go(world, client, "?", tools=[weather], limits=limits.model_copy(update={"otherwise": "return"}))
    world.close(client)
    assert run.stopped == limit
    assert run.messages[-1].role == "tool"


def test_a_limit_on_cost_holds_and_needs_a_price(server: FakeServer, world: World) -> None:
    server.add_replies(*[calls(("weather", {"city": f"c{n}"})) for n in range(9)])
    at = endpoint(server.url)
    client = AIModelClient(at)
    with pytest.raises(RunLimitError, match="cannot be enforced"):
        go(world, client, "?", tools=[weather], limits=RunLimits(cost=1))
    priced = at.ai_model.model_copy(
        update={
            "cost_data": ChatModelCostData(
                input_token_cost_per_million=1_000_000.0, output_token_cost_per_million=1_000_000.0
            )
        }
    )
    dear = AIModelClient(at.model_copy(update={"ai_model": priced}))
    with pytest.raises(RunLimitError, match=r"limit of 20\.0 cost") as raised:
        go(world, dear, "?", tools=[weather], limits=RunLimits(cost=20))
    world.close(client)
    world.close(dear)
    assert raised.value.run is not None
    assert float(raised.value.run.cost.amount or 0) == 36


def test_time_is_up_for_tools_and_for_answers(server: FakeServer, world: World) -> None:
    over = threading.Event()

    def sleepy(city: str) -> str:
        over.wait(100)
        return city

    server.add_replies(calls(("sleepy", {"city": "Rome"}), ("sleepy", {"city": "Oslo"})), Answer(text="done"))
    client = AIModelClient(endpoint(server.url))
    run = go(world, client, "?", tools=[Tool.from_function(sleepy, timeout=0.1)])
    assert not over.is_set()
    over.set()
    assert [tool.outcome for tool in run.tools] == ["timed_out", "timed_out"]
    server.add_replies(CutReply(DialectReply(Answer(text="slow answer")), 3, Stall()))
    with pytest.raises(RunLimitError, match=r"0.1 seconds"):
        go_streaming(world, client, "?", tools=[sleepy], limits=RunLimits(seconds=0.1))
    world.close(client)


def test_the_same_call_with_the_same_result_is_not_run_forever(server: FakeServer, world: World) -> None:
    server.add_replies(ROME, ROME, ROME, Answer(text="fine"))
    ran: list[str] = []

    def counted(city: str) -> str:
        ran.append(city)
        return "hot"

    client = AIModelClient(endpoint(server.url))
    tool = Tool.from_function(counted, name="weather")
    run = go(world, client, "?", tools=[tool], limits=RunLimits(repeats=2))
    world.close(client)
    assert ran == ["Rome", "Rome"]
    assert [tool.outcome for tool in run.tools] == ["ran", "ran", "repeated"]


def test_pictures_can_be_a_result(server: FakeServer, world: World) -> None:
    def draw(city: str) -> list[Any]:
        return ["A map of", ImageContent(data=b"png", mime_type="image/png")]

    server.add_replies(calls(("draw", {"city": "Rome"})), Answer(text="nice"))
    client = AIModelClient(endpoint(server.url, "anthropic", "claude-sonnet-4-5"))
    go(world, client, "?", tools=[draw])
    world.close(client)
    result = server.exchanges[1].json["messages"][-1]["content"][0]
    assert [block["type"] for block in result["content"]] == ["text", "image"]


def test_none_and_objects_are_converted_to_text_results(server: FakeServer) -> None:
    def nothing() -> None:
        return None

    def odd() -> object:
        return {"when": time.struct_time((2026, 11, 21, 0, 0, 0, 0, 0, 0)), "what": complex(1, 2)}

    server.add_replies(calls(("nothing", {}), ("odd", {})), Answer(text="ok"))
    with AIModelClient(endpoint(server.url)) as client:
        run = client.run("?", tools=[nothing, odd])
    assert [tool.result and tool.result.get_text() for tool in run.tools] == [
        "null",
        '{"when":[2026,11,21,0,0,0,0,0,0],"what":"1+2j"}',
    ]


class City(BaseModel):
    name: str
    people: int


def test_a_wrong_object_is_repaired_once(server: FakeServer, world: World) -> None:
    server.add_replies(Answer(text='{"name": "Rome", "people": "many"}'), Answer(text='{"name": "Rome", "people": 3}'))
    client = AIModelClient(endpoint(server.url))
    received: list[Any] = []
    run = go(world, client, "Rome?", output=City, on_event=received.append)
    world.close(client)
    assert run.output == City(name="Rome", people=3)
    assert "people: Input should be a valid integer" in server.exchanges[1].json["messages"][-1]["content"]
    assert [event.problem for event in received if isinstance(event, RepairStarted)]
    assert run.usage.total_tokens == 36


def test_repairs_are_bounded_and_can_be_turned_off(server: FakeServer, world: World) -> None:
    server.add_replies(*[Answer(text="no json")] * 4)
    client = AIModelClient(endpoint(server.url))
    with pytest.raises(InvalidOutputError) as raised:
        go(world, client, "Rome?", output=City, repairs=2)
    assert len(server.exchanges) == 3
    assert raised.value.run is not None
    assert len(raised.value.run.steps) == 3
    with pytest.raises(InvalidOutputError):
        go(world, client, "Rome?", output=City, repairs=0)
    world.close(client)
    assert len(server.exchanges) == 4


def test_tools_and_an_object_go_together_in_every_mode(server: FakeServer, world: World) -> None:
    server.add_replies(ROME, Answer(tool_calls=(FakeToolCall("City", {"name": "Rome", "people": 3}, "c9"),)))
    client = AIModelClient(endpoint(server.url, "google_ai", "gemini-2.5-flash"))
    run = go(world, client, "Rome?", tools=[weather], output=City)
    world.close(client)
    assert run.output == City(name="Rome", people=3)
    declared = server.exchanges[0].json["tools"][0]["functionDeclarations"]
    assert [one["name"] for one in declared] == ["weather", "City"]


def test_the_object_grows_while_it_streams(server: FakeServer, world: World) -> None:
    server.add_replies(Answer(text='{"name": "Rome is a city", "people": 3}'))
    client = AIModelClient(endpoint(server.url))
    events, run = go_streaming(world, client, "Rome?", output=City)
    world.close(client)
    grown = [event.output for event in events if isinstance(event, OutputGrew)]
    assert all(isinstance(one, City) for one in grown)
    assert [one.name for one in grown][1:3] == ["Rom", "Rome is a"] or len(grown) > 3
    assert grown[0].people is None
    assert grown[-1] == run.output == City(name="Rome is a city", people=3)


def test_a_typed_answer_in_one_line(server: FakeServer) -> None:
    server.add_replies(Answer(text='{"name": "Rome", "people": 3}'))
    with AIModelClient(endpoint(server.url)) as client:
        assert client.generate_typed("Rome?", City, temperature=0).people == 3


def test_a_stream_that_breaks_ends_the_run_and_keeps_what_came(server: FakeServer, world: World) -> None:
    server.add_replies(ROME, CutReply(DialectReply(Answer(text="It is hot today.")), after=5))
    client = AIModelClient(endpoint(server.url))
    events, run = go_streaming(world, client, "?", tools=[weather])
    world.close(client)
    assert run.stopped == "interrupted"
    assert run.response is not None
    assert run.response.interrupted
    assert "It is hot today.".startswith(run.text())
    assert any(event.__class__.__name__ == "SSEErrorResponse" for event in events)


def test_an_error_in_the_middle_carries_the_run(server: FakeServer, world: World) -> None:
    server.add_replies(ROME, Refusal(429, "slow down"))
    client = AIModelClient(endpoint(server.url))
    with pytest.raises(RateLimitError) as raised:
        go(world, client, "?", tools=[weather], retries=0)
    world.close(client)
    assert raised.value.run is not None
    assert [tool.outcome for tool in raised.value.run.tools] == ["ran"]


def test_leaving_a_streamed_run_ends_its_request(server: FakeServer) -> None:
    server.add_replies(CutReply(DialectReply(Answer(text="word " * 200)), 8, Stall()))
    with AIModelClient(endpoint(server.url)) as client:
        stream = client.run_streaming("?", tools=[weather])
        for event, _ in stream:
            if isinstance(event, StreamingChatResponse):
                break
        stream.close()
        assert server.exchanges[0].wait_left()
        assert stream.partial().stopped == "interrupted"
        assert list(stream) == []


def test_cancelling_an_async_run_cancels_its_tools(server: FakeServer) -> None:
    import asyncio

    cancelled: list[str] = []
    begun: list[str] = []

    async def endless(city: str) -> str:
        begun.append(city)
        try:
            await asyncio.sleep(300)
        except asyncio.CancelledError:
            cancelled.append(city)
            raise
        return city

    async def scenario() -> None:
        async with AIModelClient(endpoint(server.url)) as client:
            task = asyncio.create_task(client.run_async("?", tools=[endless]))
            while not server.exchanges:
                await asyncio.sleep(0.01)
            await wait_until_async(lambda: begun)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    server.add_replies(calls(("endless", {"city": "Rome"})))
    asyncio.run(scenario())
    assert cancelled == ["Rome"]


def test_a_misspelled_setting_raises_before_anything_is_sent(server: FakeServer) -> None:
    with AIModelClient(endpoint(server.url)) as client, pytest.raises(ConfigurationError, match="'temprature'"):
        client.run("?", temprature=1)  # type: ignore[call-overload]  # that is the point


def test_a_conversation_goes_on_from_a_run(server: FakeServer, world: World) -> None:
    server.add_replies(ROME, Answer(text="It is hot."), Answer(text="Tomorrow too."))
    client = AIModelClient(endpoint(server.url))
    run = go(world, client, "How is Rome?", tools=[weather])
    again = go(world, client, "And tomorrow?", messages=run.messages, tools=[weather])
    world.close(client)
    assert again.text() == "Tomorrow too."
    assert len(again.messages) == 6


def test_a_tool_that_must_be_called_is_forced_once(server: FakeServer, world: World) -> None:
    server.add_replies(ROME, Answer(text="It is hot."))
    client = AIModelClient(endpoint(server.url))
    run = go(world, client, "How is Rome?", tools=[weather], tool_choice="required")
    world.close(client)
    assert run.stopped == "answered"
    assert [exchange.json.get("tool_choice") for exchange in server.exchanges] == ["required", None]


def test_events_before_an_error_arrive_before_it(server: FakeServer) -> None:
    server.add_replies(calls(("broken", {"city": "Rome"})))
    received: list[Any] = []
    with AIModelClient(endpoint(server.url)) as client:
        stream = client.run_streaming("?", tools=[broken], tool_errors="raise")
        with pytest.raises(ToolFailedError):
            received.extend(event for event, _ in stream)
    assert isinstance(received[-1], ToolEnded)
    assert received[-1].tool.outcome == "failed"


def test_claude_goes_on_after_a_pause(server: FakeServer, world: World) -> None:
    server.add_replies(Answer(text="Let me search.", finish="pause_turn"), Answer(text="Found."))
    client = AIModelClient(endpoint(server.url, "anthropic", "claude-sonnet-4-5"))
    run = go(world, client, "?", tools=[{"type": "web_search_20250305", "name": "web_search"}])
    world.close(client)
    assert run.text() == "Found."
    assert [message["role"] for message in server.exchanges[1].json["messages"]] == ["user", "assistant"]


def test_every_setting_of_a_run_is_one_that_is_read() -> None:
    read = {
        name for name, value in signature(RunsMixin._plan_run).parameters.items() if value.kind.name == "KEYWORD_ONLY"
    }
    assert {*RunPlanSettings.__annotations__, *ConversationSettings.__annotations__} == read
    assert set(RunSettings.__annotations__) <= {*read, *AIModelCallConfig.model_fields, *ALTERNATIVE_NAMES}


@pytest.mark.parametrize(("provider", "model"), PROVIDERS.items())
@pytest.mark.parametrize("streaming", [False, True])
def test_ids_that_a_model_uses_again_do_not_end_a_run(provider: str, model: str, streaming: bool, world: World) -> None:
    """Some models count their calls anew in every answer, or give two calls of one answer the same id."""
    twice = Answer(
        tool_calls=(FakeToolCall("weather", {"city": "Rome"}, "c0"), FakeToolCall("weather", {"city": "Oslo"}, "c0"))
    )
    once, fine = calls(("weather", {"city": "Bonn"})), Answer(text="Fine.")
    with FakeServer(twice, once, twice, fine, fine, strict=True) as server:
        client = AIModelClient(endpoint(server.url, provider, model))
        run = (go_streaming if streaming else go)(world, client, "Weather?", tools=[weather])
        run = run[1] if isinstance(run, tuple) else run
        assert run.text() == "Fine."
        assert [tool.call.arguments["city"] for tool in run.tools] == ["Rome", "Oslo", "Bonn", "Rome", "Oslo"]
        again = go(world, client, messages=[*run.messages, "Sure?"], tools=[weather])
        assert again.response.warnings == []
        world.close(client)


@pytest.mark.parametrize(("provider", "model"), PROVIDERS.items())
def test_results_are_json_whatever_numbers_are_in_them(provider: str, model: str, server: FakeServer) -> None:
    def measure() -> dict[str, float]:
        """Measures."""
        return {"least": float("-inf"), "mean": float("nan")}

    server.add_replies(calls(("measure", {})), Answer(text="Hm."))
    with AIModelClient(endpoint(server.url, provider, model)) as client:
        client.run("?", tools=[measure])
    standard.loads(server.exchanges[1].body, parse_constant=pytest.fail)
    assert b"-Infinity" in server.exchanges[1].body


def test_a_result_that_cannot_be_converted_is_an_error_of_its_tool(server: FakeServer, world: World) -> None:
    endless: list[Any] = []
    endless.append(endless)
    results = {"endless": endless, "half": "\ud800", "nested": ["\udfff"], "fine": "fine"}

    def show(name: str) -> Any:
        """Shows it."""
        return results[name]

    requested = calls(*[("show", {"name": name}) for name in results])
    server.add_replies(requested, Answer(text="Hm."), requested)
    client = AIModelClient(endpoint(server.url))
    run = go(world, client, "?", tools=[show])
    assert [tool.outcome for tool in run.tools] == ["failed", "failed", "failed", "ran"]
    assert "Circular" in run.tools[0].result.get_text()
    with pytest.raises(ToolFailedError, match="show"):
        go(world, client, "?", tools=[show], tool_errors="raise")
    world.close(client)


@pytest.mark.parametrize("streaming", [False, True])
def test_a_run_keeps_its_limit_of_context_as_it_grows(streaming: bool, server: FakeServer, world: World) -> None:
    """Tool results count too; what is left out of a request is not lost from the run."""

    def story(about: str) -> str:
        """Tells a story."""
        return about * 100

    server.add_replies(calls(("story", {"about": "cats"})), Answer(text="Nice."))
    client = AIModelClient(endpoint(server.url), AIModelCallConfig(context_policy={"max_input_tokens": 150}))
    messages = ["First?", {"role": "assistant", "text": "One."}, "A story?"]
    run = (go_streaming if streaming else go)(world, client, messages=messages, tools=[story])
    run = run[1] if isinstance(run, tuple) else run
    sent = [[message["content"] for message in exchange.json["messages"]] for exchange in server.exchanges]
    assert sent[0] == ["First?", "One.", "A story?"]
    assert sent[1][0] == "A story?"
    assert [message.text for message in run.messages[:3]] == ["First?", "One.", "A story?"]
    assert [w.code for w in run.steps[1].response.chat_response.warnings] == ["dropped_content"]
    world.close(client)


def test_what_was_mended_before_a_run_is_reported_on_its_first_answer(server: FakeServer, world: World) -> None:
    server.add_replies(Answer(text="Fine."))
    client = AIModelClient(endpoint(server.url))
    lost = {"role": "tool", "tool_call_id": "gone", "content": "31"}
    run = go(world, client, messages=["Weather?", lost])
    assert [w.code for w in run.response.warnings] == ["dropped_content"]
    world.close(client)
