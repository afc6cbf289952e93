"""The calls inside of a wrapper call are handed over one by one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.codecs.common.nested_output import WrapperCalls
from dhenara.ai.testing import Answer, FakeServer, Raw, RawStream
from dhenara.ai.types.chat.delta import ToolCallDelta
from support.runs import go, go_streaming
from support.worlds import World, endpoint

NAMES = [
    "multi_tool_use.parallel", "parallel", "multi_tool_use_parallel", "functions.multi_tool_use.parallel",
]  # fmt: skip


def weather(city: str) -> str:
    """The weather now."""
    return f"sunny in {city}"


def uses(*cities: str) -> dict[str, Any]:
    return {"tool_uses": [{"recipient_name": "functions.weather", "parameters": {"city": city}} for city in cities]}


def chat(name: str, arguments: str, *, streamed: bool, size: int = 7) -> Any:
    function = {"name": name, "arguments": arguments}
    if not streamed:
        message = {"role": "assistant", "content": None}
        message["tool_calls"] = [{"id": "call_9", "type": "function", "function": function}]  # type: ignore[assignment]
        choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
        return Raw(json.dumps({"id": "1", "model": "m", "choices": [choice]}).encode())
    pieces = [arguments[at : at + size] for at in range(0, len(arguments), size)]
    deltas = [
        {"tool_calls": [{"index": 0, "id": "call_9", "type": "function", "function": {**function, "arguments": ""}}]}
    ]
    deltas += [{"tool_calls": [{"index": 0, "function": {"arguments": piece}}]} for piece in pieces]
    choices = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    choices.append({"index": 0, "delta": {}, "finish_reason": "tool_calls"})
    events = [json.dumps({"id": "1", "model": "m", "choices": [choice]}) for choice in choices]
    return RawStream([f"data: {event}\n\n".encode() for event in (*events, "[DONE]")])


REPLIES = {"gpt-4o": chat}


@pytest.mark.parametrize("model", REPLIES)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("streamed", [False, True])
def test_the_calls_of_a_wrapper_run_and_their_results_go_back(
    model: str, name: str, streamed: bool, world: World
) -> None:
    reply = REPLIES[model](name, json.dumps(uses("Rome", "Oslo")), streamed=streamed)
    with FakeServer(reply, Answer(text="done")) as server:
        client = AIModelClient(endpoint(server.url, "openai", model))
        kwargs: dict[str, Any] = {"tools": [weather]}
        run = go_streaming(world, client, "?", **kwargs)[1] if streamed else go(world, client, "?", **kwargs)
        world.close(client)
    assert [(tool.call.name, tool.call.arguments) for tool in run.tools] == [
        ("weather", {"city": "Rome"}),
        ("weather", {"city": "Oslo"}),
    ]
    assert [tool.outcome for tool in run.tools] == ["ran", "ran"]
    assert len({tool.call.id for tool in run.tools}) == 2
    assert name not in json.dumps(server.exchanges[1].json)
    assert run.text() == "done"


@pytest.mark.parametrize("model", REPLIES)
def test_chunks_show_the_inner_calls_and_not_the_wrapper(model: str, world: World) -> None:
    reply = REPLIES[model](NAMES[0], json.dumps(uses("Rome")), streamed=True)
    with FakeServer(reply) as server:
        client = AIModelClient(endpoint(server.url, "openai", model))
        pairs = world.stream(client, "?")
        world.close(client)
    shown = [
        delta
        for chunk, _ in pairs
        if chunk is not None
        for choice in chunk.data.choice_deltas
        for delta in choice.content_deltas
        if delta.type == "tool_call"
    ]
    assert [delta.name for delta in shown if delta.name] == ["weather"]
    final = pairs[-1][1].chat_response
    assert [call.name for call in final.tool_calls()] == ["weather"]
    assert final.finish_reason == "tool_calls"


INVALID = [
    "",
    "{}",
    "not JSON",
    '{"tool_uses": []}',
    '{"tool_uses": [{"recipient_name": "", "parameters": {}}]}',
    '{"tool_uses": [{"parameters": {}}]}',
    '{"tool_uses": [{"recipient_name": "functions.weather", "parameters": "Rome"}]}',
    '{"tool_uses": [{"recipient_name": "functions.weather", "parameters": {}}, 7]}',
    '{"jobs": 4}',
]


@pytest.mark.parametrize("arguments", INVALID)
@pytest.mark.parametrize("streamed", [False, True])
def test_a_wrapper_with_something_else_inside_stays_a_call(arguments: str, streamed: bool, world: World) -> None:
    with FakeServer(chat(NAMES[0], arguments, streamed=streamed)) as server:
        client = AIModelClient(endpoint(server.url, model="gpt-4o"))
        reported = world.stream(client, "?")[-1][1] if streamed else world.run(client, "?")
        answer = reported.chat_response
        world.close(client)
    assert answer is not None
    assert [(call.name, call.id) for call in answer.tool_calls()] == [(NAMES[0], "call_9")]
    assert answer.tool_calls()[0].arguments_text == arguments


def test_a_declared_tool_of_that_name_is_called(world: World) -> None:
    def parallel(tool_uses: list[dict[str, Any]]) -> str:
        return f"{len(tool_uses)} uses"

    with FakeServer(chat("parallel", json.dumps(uses("Rome")), streamed=False), Answer(text="done")) as server:
        client = AIModelClient(endpoint(server.url, model="gpt-4o"))
        run = go(world, client, "?", tools=[parallel])
        world.close(client)
    assert [(tool.call.name, tool.outcome) for tool in run.tools] == [("parallel", "ran")]


@pytest.mark.parametrize("streamed", [False, True])
def test_parameters_may_be_json_text(streamed: bool, world: World) -> None:
    use = {"recipient_name": "functions.weather", "parameters": '{"city": "Rome"}'}
    reply = chat(NAMES[0], json.dumps({"tool_uses": [use]}), streamed=streamed)
    with FakeServer(reply) as server:
        client = AIModelClient(endpoint(server.url, model="gpt-4o"))
        final = world.stream(client, "?")[-1][1] if streamed else world.run(client, "?")
        world.close(client)
    assert [(call.name, call.arguments) for call in final.chat_response.tool_calls()] == [("weather", {"city": "Rome"})]


@pytest.mark.parametrize("streamed", [False, True])
def test_a_call_with_the_namespace_of_functions_runs_the_declared_tool(streamed: bool, world: World) -> None:
    reply = chat("functions.weather", '{"city": "Rome"}', streamed=streamed)
    with FakeServer(reply, Answer(text="done")) as server:
        client = AIModelClient(endpoint(server.url, "openai", "gpt-4o"))
        kwargs: dict[str, Any] = {"tools": [weather]}
        run = go_streaming(world, client, "?", **kwargs)[1] if streamed else go(world, client, "?", **kwargs)
        world.close(client)
    assert [call.name for call in run.steps[0].response.tool_calls()] == ["weather"]
    assert [tool.outcome for tool in run.tools] == ["ran"]


def test_a_declared_name_with_such_a_beginning_stays_as_it_is() -> None:
    calls = WrapperCalls(frozenset({"functions.look_up", "look_up"}))
    deltas = [ToolCallDelta("0", "c", "functions.look_up"), ToolCallDelta("1", "d", "functions.other")]
    assert [getattr(one, "name", None) for one in calls.unwrapped(deltas)] == ["functions.look_up", "functions.other"]
