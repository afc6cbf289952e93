"""Results without an id belong to the calls of their function, in the order of the calls."""

from __future__ import annotations

from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import Message, ToolCallContent, ToolResultContent
from support.worlds import World, endpoint


def calls(*ids: str) -> Message:
    names = ("weather", "weather", "time")
    contents = [
        ToolCallContent(id=i, name=name, arguments={"n": n})
        for n, (i, name) in enumerate(zip(ids, names, strict=False))
    ]
    return Message(role="assistant", contents=contents)


def result(name: str, output: str) -> Message:
    return Message(role="tool", contents=[ToolResultContent(call_id="", name=name, output=output)])


SPELLINGS: list[Any] = [
    lambda name, output: result(name, output),
    lambda name, output: Message(role="tool", contents=[ToolResultContent(call_id=name, output=output)]),
    lambda name, output: {"role": "function", "name": name, "content": output},
    lambda name, output: {"role": "tool", "tool_name": name, "content": output},
    lambda name, output: {"role": "tool", "name": name, "content": output},
    lambda name, output: {
        "role": "user",
        "parts": [{"functionResponse": {"name": name, "response": {"result": output}}}],
    },
    lambda name, output: {
        "role": "function",
        "parts": [{"function_response": {"name": name, "response": {"result": output}}}],
    },
]


@pytest.mark.parametrize("spell", SPELLINGS)
@pytest.mark.parametrize("ids", [("", "", ""), ("a", "b", "c"), ("a", "", "c")])
def test_a_result_that_names_its_function_answers_its_call(spell: Any, ids: Any, server: FakeServer) -> None:
    server.add_replies(Answer(text="Done."))
    provided = [spell("time", "noon"), spell("weather", "rain"), spell("weather", "snow")]
    with AIModelClient(endpoint(server.url, "google_ai")) as client:
        answer = client.generate(messages=["?", calls(*ids), *provided])
    assert answer.chat_response is not None
    assert not answer.chat_response.warnings
    turns = server.exchanges[0].json["contents"]
    requested = {part["functionCall"]["id"]: part["functionCall"] for part in turns[1]["parts"]}
    answered = [part["functionResponse"] for part in turns[2]["parts"]]
    outputs = {
        (requested[one["id"]]["name"], requested[one["id"]]["args"]["n"]): one["response"]["result"] for one in answered
    }
    order = (("weather", 1), ("weather", 0)) if ids[1] == "" and ids[0] else (("weather", 0), ("weather", 1))
    assert outputs == {("time", 2): "noon", order[0]: "rain", order[1]: "snow"}
    assert [one["name"] for one in answered] == ["time", "weather", "weather"]


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("provider", ["google_ai", "openai", "anthropic", "ollama", "cohere"])
def test_a_named_result_is_sent_to_every_provider(
    world: World, provider: str, streaming: bool, server: FakeServer
) -> None:
    server.add_replies(Answer(text="Done."))
    client = AIModelClient(endpoint(server.url, provider))
    say = world.stream if streaming else world.run
    history = ["?", calls("a"), result("weather", "rain")]
    say(client, messages=history, max_output_tokens=9)
    world.close(client)
    sent = str(server.exchanges[0].json)
    assert "rain" in sent
    assert "not run" not in sent


def test_a_result_with_an_unknown_id_is_not_matched_by_name(server: FakeServer) -> None:
    server.add_replies(Answer(text="Done."))
    lost = Message(role="tool", contents=[ToolResultContent(call_id="other", name="weather", output="rain")])
    with AIModelClient(endpoint(server.url, "google_ai")) as client:
        client.generate(messages=["?", calls("a"), lost, "And?"])
    assert "rain" not in str(server.exchanges[0].json)


def test_a_tool_message_with_an_unknown_field_is_refused_by_name(server: FakeServer) -> None:
    with (
        AIModelClient(endpoint(server.url, "openai")) as client,
        pytest.raises(Exception, match="'weight'"),
    ):
        client.generate(messages=["?", calls("a"), {"role": "tool", "tool_call_id": "a", "content": "1", "weight": 2}])


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["name-first", "id-first"])
@pytest.mark.parametrize("provider", ["google_ai", "openai", "anthropic", "cohere", "ollama"])
def test_a_named_result_does_not_take_the_call_that_another_result_names(
    provider: str, order: tuple[int, int], server: FakeServer
) -> None:
    server.add_replies(Answer(text="Done."))
    by_id = Message(role="tool", contents=[ToolResultContent(call_id="call_a", name="weather", output="rain")])
    provided = [result("weather", "snow"), by_id]
    with AIModelClient(endpoint(server.url, provider)) as client:
        answer = client.generate(messages=["?", calls("call_a", "call_b"), *(provided[n] for n in order)])
    sent = str(server.exchanges[0].json)
    assert answer.chat_response is not None
    assert not answer.chat_response.warnings
    assert "rain" in sent
    assert "snow" in sent
    assert "not run" not in sent


@pytest.mark.parametrize("provider", ["google_ai", "openai", "anthropic", "cohere", "ollama"])
def test_a_result_with_an_id_answers_a_call_that_came_without_one(provider: str, server: FakeServer) -> None:
    server.add_replies(Answer(text="Done."))
    made_up = {"functionResponse": {"name": "weather", "id": "made-up", "response": {"result": "rain"}}}
    with AIModelClient(endpoint(server.url, provider)) as client:
        answer = client.generate(messages=["?", calls(""), {"role": "user", "parts": [made_up]}])
    assert answer.chat_response is not None
    assert not answer.chat_response.warnings
    assert "rain" in str(server.exchanges[0].json)
