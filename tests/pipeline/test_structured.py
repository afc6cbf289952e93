"""Structured output: the same object from every provider, in every mode, or the reason why not."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from dhenara.ai import AIModelClient
from dhenara.ai.errors import ConfigurationError, InvalidOutputError, RefusedError, TruncatedError, UnsupportedError
from dhenara.ai.testing import Answer, FakeServer, FakeToolCall
from dhenara.ai.types import ChatResponse, StructuredContent, StructuredOutput
from support.worlds import World, endpoint

PROVIDERS = {
    "openai": "gpt-5",
    "xai": "grok-4",
    "anthropic": "claude-sonnet-4-5",
    "google_ai": "gemini-3-flash",
    "amazon_bedrock": "anthropic.claude-sonnet-4-5-v1:0",
    "cohere": "command-a",
    "deepseek": "deepseek-flash",
    "ollama": "qwen3.5",
}
EVERYWHERE = pytest.mark.parametrize("provider", PROVIDERS)


class Weather(BaseModel):
    """What the sky does."""

    city: str = Field(min_length=2)
    degrees: float
    note: str | None = None
    tags: list[str] = []


@dataclass
class Point:
    x: int
    y: int = 0


class Span(TypedDict, total=False):
    low: int


class Tree(BaseModel):
    name: str
    kids: list[Tree] = []


SUNNY = {"city": "Rome", "degrees": 31.5, "note": None, "tags": []}


def client_for(server: FakeServer, provider: str, **config: Any) -> AIModelClient:
    if provider == "xai":
        config["protocol"] = "openai_responses"
    at = endpoint(server.url, provider, PROVIDERS[provider], **config)
    return AIModelClient(at)


def answer(text: str, **more: Any) -> Answer:
    return Answer(text=text, **more)


@EVERYWHERE
def test_structured_output_arrives_streamed_and_complete(provider: str, server: FakeServer, world: World) -> None:
    server.add_replies(*[answer(json.dumps(SUNNY))] * 2)
    client = client_for(server, provider)
    plain = world.run(client, "weather?", structured_output=Weather).chat_response
    final = world.stream(client, "weather?", structured_output=Weather)[-1][1].chat_response
    world.close(client)
    for response in (plain, final):
        assert response is not None
        assert response.parsed == response.structured(Weather) == Weather(city="Rome", degrees=31.5)
        content = response.contents[0]
        assert isinstance(content, StructuredContent)
        assert (content.data["degrees"], content.error) == (31.5, None)
        assert json.loads(response.text()) == SUNNY


@EVERYWHERE
@pytest.mark.parametrize("mode", ["native", "tool", "prompt"])
def test_every_mode_gives_the_same_object(provider: str, mode: str, server: FakeServer, world: World) -> None:
    provided = Answer(tool_calls=(FakeToolCall("Weather", SUNNY),)) if mode == "tool" else answer(json.dumps(SUNNY))
    server.add_replies(provided, provided)
    client = client_for(server, provider)
    shape = StructuredOutput.of(Weather, mode=mode)
    plain = world.run(client, "weather?", structured_output=shape).chat_response
    final = world.stream(client, "weather?", structured_output=shape)[-1][1].chat_response
    world.close(client)
    for response in (plain, final):
        assert response is not None
        assert response.structured(Weather).city == "Rome"
        assert response.finish_reason == "stop"
        assert response.tool_calls() == []


def test_a_mode_that_is_not_offered_is_replaced_with_a_warning(server: FakeServer) -> None:
    server.add_replies(*[answer(json.dumps(SUNNY))] * 2)
    with client_for(server, "deepseek") as client:
        shape = StructuredOutput.of(Weather, mode="native")
        response = client.generate("weather?", structured_output=shape).chat_response
        assert response is not None
        assert any("'native' is not supported" in warning.message for warning in response.warnings)
        with pytest.raises(UnsupportedError, match="native"):
            client.generate("weather?", structured_output=shape, strict=True)
    body = server.exchanges[0].json
    assert body["response_format"] == {"type": "json_object"}
    assert "JSON Schema" in body["messages"][0]["content"]


@pytest.mark.parametrize(
    ("kind", "provided", "value"),
    [
        (Point, {"x": 1, "y": None}, Point(1)),
        (Span, {"low": None}, {}),
        (list[Point], {"value": [{"x": 1, "y": 2}]}, [Point(1, 2)]),
        (int | None, {"value": None}, None),
        (Tree, {"name": "a", "kids": [{"name": "b", "kids": None}]}, Tree(name="a", kids=[Tree(name="b")])),
        ({"type": "object", "properties": {"s": {"type": "string"}}}, {"s": "[1, 2]"}, {"s": "[1, 2]"}),
        ({"type": "array", "items": {"type": "integer"}}, {"value": [1]}, [1]),
    ],
)
def test_any_type_can_be_requested(kind: Any, provided: Any, value: Any, server: FakeServer) -> None:
    server.add_replies(answer(json.dumps(provided)))
    with client_for(server, "openai") as client:
        response = client.generate("?", structured_output=kind).chat_response
    assert response is not None
    content = response.contents[0]
    assert isinstance(content, StructuredContent)
    assert content.error is None
    assert response.parsed == value


@pytest.mark.parametrize("wrong", ["a word", 3, ["Person"]])
def test_neither_a_type_nor_a_schema_raises_before_anything_is_sent(wrong: Any, server: FakeServer) -> None:
    with client_for(server, "openai") as client:
        with pytest.raises(ConfigurationError, match="must be a type such as a pydantic model, or a JSON Schema"):
            client.generate("?", structured_output=wrong)
        with pytest.raises(ConfigurationError, match="must be a type such as a pydantic model"):
            client.generate_typed("?", wrong)
    assert server.exchanges == []


def test_openai_gets_a_strict_schema_and_the_other_rules_as_text(server: FakeServer) -> None:
    server.add_replies(answer(json.dumps(SUNNY)))
    with client_for(server, "openai") as client:
        response = client.generate("?", structured_output=Weather).chat_response
    provided = server.exchanges[0].json["response_format"]["json_schema"]
    assert (provided["name"], provided["strict"], provided["description"]) == ("Weather", True, "What the sky does.")
    assert provided["schema"]["required"] == ["city", "degrees", "note", "tags"]
    assert provided["schema"]["properties"]["city"] == {"type": "string", "description": "(minLength: 2)"}
    assert response is not None
    assert [warning.parameter for warning in response.warnings] == ["structured_output"]


def test_a_schema_that_strict_mode_lacks_is_sent_non_strict_and_validated_here(server: FakeServer) -> None:
    server.add_replies(answer('{"a": 1}'), answer('{"a": "one"}'))
    with client_for(server, "openai") as client:
        good = client.generate("?", structured_output=dict[str, int]).chat_response
        bad = client.generate("?", structured_output={"type": "object", "additionalProperties": {"type": "integer"}})
    assert server.exchanges[0].json["response_format"]["json_schema"]["strict"] is False
    assert good is not None
    assert good.structured() == {"a": 1}
    assert any("no fixed names" in warning.message for warning in good.warnings)
    assert bad.chat_response is not None
    with pytest.raises(InvalidOutputError, match="a: should be integer, not string"):
        bad.chat_response.structured()


def test_trees_go_to_claude_by_a_tool(server: FakeServer) -> None:
    server.add_replies(Answer(tool_calls=(FakeToolCall("Tree", {"name": "a", "kids": []}),)))
    with client_for(server, "anthropic") as client:
        response = client.generate("?", structured_output=Tree).chat_response
    assert server.exchanges[0].json["tool_choice"] == {"type": "tool", "name": "Tree"}
    assert response is not None
    assert response.structured(Tree) == Tree(name="a")


@EVERYWHERE
def test_reasons_for_missing_output_have_different_errors(provider: str, server: FakeServer) -> None:
    cut = {"openai": "length", "deepseek": "length", "xai": "max_output_tokens", "google_ai": "MAX_TOKENS"}
    cut |= {"cohere": "MAX_TOKENS", "ollama": "length"}
    server.add_replies(
        answer('{"city": "Ro', finish=cut.get(provider, "max_tokens")),
        answer("I cannot say."),
        answer('{"city": 1, "degrees": 2}'),
    )
    with client_for(server, provider) as client:
        actual = [client.generate("?", structured_output=Weather).chat_response for _ in range(3)]
    for response, kind, provided in zip(
        actual,
        (TruncatedError, InvalidOutputError, InvalidOutputError),
        ("incomplete", "not JSON", "city: Input should be a valid string"),
        strict=True,
    ):
        assert isinstance(response, ChatResponse)
        assert response.parsed is None
        with pytest.raises(kind, match=provided) as raised:
            response.structured(Weather)
        assert raised.value.response is response


def test_a_refusal_is_no_bad_json(server: FakeServer) -> None:
    server.add_replies(Answer(refusal="I will not."))
    with client_for(server, "openai") as client:
        response = client.generate("?", structured_output=Weather).chat_response
    assert response is not None
    with pytest.raises(RefusedError, match="I will not"):
        response.structured(Weather)


@pytest.mark.parametrize(
    "provided",
    [
        'Here it is:\n```json\n{"city": "Rome", "degrees": 1}\n```\nEnjoy.',
        'Sure! {"city": "Rome", "degrees": 1} There.',
        'A brace } and [ then {"city": "Rome", "degrees": 1}',
    ],
)
def test_text_around_the_object_is_ignored(provided: str, server: FakeServer) -> None:
    server.add_replies(answer(provided))
    with client_for(server, "openai") as client:
        response = client.generate("?", structured_output=Weather).chat_response
    assert response is not None
    assert response.structured(Weather) == Weather(city="Rome", degrees=1)
    assert response.text() == provided


def test_an_answer_survives_json_and_goes_back_as_history(server: FakeServer) -> None:
    server.add_replies(answer(json.dumps(SUNNY)), answer("fine"))
    with client_for(server, "openai") as client:
        first = client.generate("weather?", structured_output=Weather).chat_response
        assert first is not None
        again = ChatResponse.model_validate_json(first.model_dump_json())
        client.generate("thanks", context=["weather?", again])
    assert again.structured(Weather) == Weather(city="Rome", degrees=31.5)
    assert server.exchanges[1].json["messages"][1] == {"role": "assistant", "content": json.dumps(SUNNY)}


def test_a_response_without_structured_output_can_be_parsed(server: FakeServer) -> None:
    server.add_replies(answer(json.dumps(SUNNY)))
    with client_for(server, "openai") as client:
        response = client.generate("weather as JSON?").chat_response
    assert response is not None
    assert response.structured(Weather) == Weather(city="Rome", degrees=31.5)
