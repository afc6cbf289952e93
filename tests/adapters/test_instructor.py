"""`from_dhenara`: objects through instructor, with every protocol."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

pytest.importorskip("instructor")

import instructor
from instructor import Mode
from instructor.core import IncompleteOutputException, InstructorRetryException
from pydantic import BaseModel, Field

from adapters.scripted import MODELS, ObedientModel, base_url
from dhenara.ai import AIModelClient
from dhenara.ai.adapters.instructor import from_dhenara
from dhenara.ai.errors import BrokenStreamError, ConfigurationError, RateLimitError
from dhenara.ai.testing import (
    Answer,
    CutReply,
    DialectReply,
    FakeServer,
    FakeToolCall,
    FakeUsage,
    HangUp,
    Refusal,
)

MODES = (Mode.TOOLS, Mode.JSON, Mode.JSON_SCHEMA, Mode.MD_JSON)
WHO: Any = [{"role": "user", "content": "Who?"}]
ADA = '{"name": "Ada", "age": 3}'


class Person(BaseModel):
    """A person."""

    name: str
    age: int = Field(ge=1)


def called(arguments: dict[str, Any], identity: str = "call_1", name: str = "Person") -> Answer:
    return Answer(tool_calls=(FakeToolCall(name, arguments, identity),), usage=FakeUsage(input=11, output=9))


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer(strict=True) as running:
        yield running


def options(server: FakeServer, model: str) -> dict[str, Any]:
    return {"api_key": "sk-secret", "base_url": base_url(model, server.url)}


def by_text(mode: Mode) -> bool:
    return mode in (Mode.JSON, Mode.MD_JSON)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("model", MODELS)
def test_an_object(model: str, mode: Mode) -> None:
    with FakeServer(Answer(text=ADA) if by_text(mode) else ObedientModel(), strict=True) as server:
        client = from_dhenara(model, mode, **options(server, model))
        person = client.create(response_model=Person, messages=WHO)
    assert isinstance(person, Person)
    assert person.age == 3


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("model", MODELS)
def test_an_object_async(model: str, mode: Mode) -> None:
    with FakeServer(Answer(text=ADA) if by_text(mode) else ObedientModel(), strict=True) as server:
        client = from_dhenara(model, mode, use_async=True, **options(server, model))
        person = asyncio.run(client.create(response_model=Person, messages=WHO))
    assert isinstance(person, Person)
    assert person.age == 3


@pytest.mark.parametrize("mode", [Mode.TOOLS, Mode.JSON_SCHEMA])
@pytest.mark.parametrize("model", MODELS)
def test_partial_objects_grow(model: str, mode: Mode) -> None:
    with FakeServer(ObedientModel(), forever=True, strict=True) as server:
        client = from_dhenara(model, mode, **options(server, model))
        grown = list(client.create_partial(response_model=Person, messages=WHO))
        assert grown[-1].age == 3
        if "gemini" not in model:  # Gemini sends a tool call as a whole
            assert grown[0].age is None

        async def last() -> Any:
            waiting = from_dhenara(model, mode, use_async=True, **options(server, model))
            return [one async for one in waiting.create_partial(response_model=Person, messages=WHO)][-1]

        assert asyncio.run(last()).age == 3


def test_several_objects_are_streamed(server: FakeServer) -> None:
    people = {"tasks": [{"name": "Ada", "age": 3}, {"name": "Bob", "age": 4}]}
    server.add_replies(called(people, name="IterablePerson"))
    client = from_dhenara(MODELS[2], **options(server, MODELS[2]))
    assert [one.name for one in client.create_iterable(response_model=Person, messages=WHO)] == ["Ada", "Bob"]


def test_parallel_tools(server: FakeServer) -> None:
    calls = tuple(FakeToolCall("Person", {"name": "Ada", "age": n}, f"call_{n}") for n in (3, 4))
    server.add_replies(Answer(tool_calls=calls))
    client = from_dhenara(MODELS[0], Mode.PARALLEL_TOOLS, **options(server, MODELS[0]))
    people: Any = client.create(response_model=Iterable[Person], messages=WHO)
    assert [one.age for one in people] == [3, 4]


@pytest.mark.parametrize("model", MODELS)
def test_an_invalid_object_is_requested_again(server: FakeServer, model: str) -> None:
    server.add_replies(called({"name": "Ada", "age": 0}), called({"name": "Ada", "age": 3}, "call_2"))
    client = from_dhenara(model, **options(server, model))
    person, completion = client.create_with_completion(response_model=Person, messages=WHO, max_retries=2)
    assert person.age == 3
    assert len(server.exchanges) == 2
    assert "greater than or equal to 1" in json.dumps(server.exchanges[1].json)
    assert completion.usage.total_tokens == 40
    assert float(completion.dhenara["cost"]["amount"]) > 0
    assert len(completion.dhenara["attempts"]) == 1


def test_options_reach_the_request(server: FakeServer) -> None:
    server.add_replies(called({"name": "Ada", "age": 3}), called({"name": "Ada", "age": 3}))
    client = from_dhenara(MODELS[0], temperature=0.5, **options(server, MODELS[0]))
    client.create(response_model=Person, messages=WHO, max_tokens=7, seed=3)
    body = server.exchanges[-1].json
    assert (body["max_completion_tokens"], body["seed"], body["temperature"]) == (7, 3, 0.5)
    client.create(response_model=Person, messages=WHO, model="gpt-5.4")
    assert server.exchanges[-1].json["model"] == "gpt-5.4"


def test_pictures_are_sent(server: FakeServer) -> None:
    server.add_replies(called({"name": "Ada", "age": 3}))
    picture = instructor.Image.from_base64("data:image/png;base64,iVBORw0KGgo=")
    content: Any = [{"role": "user", "content": ["Who is this?", picture]}]
    from_dhenara(MODELS[2], **options(server, MODELS[2])).create(response_model=Person, messages=content)
    _, image = server.exchanges[-1].json["messages"][0]["content"]
    assert image["source"] == {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}


def test_errors_are_causes(server: FakeServer) -> None:
    """instructor raises an error of its own, whose cause is ours."""
    server.add_replies(Refusal(429, "slow down"))
    client = from_dhenara(MODELS[0], retries=0, **options(server, MODELS[0]))
    with pytest.raises(InstructorRetryException) as caught:
        client.create(response_model=Person, messages=WHO, max_retries=1)
    assert isinstance(caught.value.__cause__, RateLimitError)
    assert "sk-secret" not in str(caught.value)


def test_a_broken_stream_is_an_error(server: FakeServer) -> None:
    server.add_replies(CutReply(DialectReply(called({"name": "Ada Lovelace", "age": 3})), 3, HangUp()))
    client = from_dhenara(MODELS[0], retries=0, **options(server, MODELS[0]))
    with pytest.raises(InstructorRetryException) as caught:
        list(client.create_partial(response_model=Person, messages=WHO))
    assert isinstance(caught.value.__cause__, BrokenStreamError)


def test_an_answer_that_is_cut_off(server: FakeServer) -> None:
    server.add_replies(Answer(text='{"name": "A', finish="length"))
    client = from_dhenara(MODELS[0], Mode.JSON_SCHEMA, **options(server, MODELS[0]))
    with pytest.raises(IncompleteOutputException):
        client.create(response_model=Person, messages=WHO)


def test_a_client_of_ones_own_is_used(server: FakeServer) -> None:
    server.add_replies(called({"name": "Ada", "age": 3}))
    with AIModelClient(MODELS[0], api_key="any", base_url=f"{server.url}/v1") as client:
        assert from_dhenara(client).create(response_model=Person, messages=WHO).name == "Ada"


def test_what_is_not_supported_is_an_error(server: FakeServer) -> None:
    with pytest.raises(ConfigurationError, match="for one vendor's API"):
        from_dhenara(MODELS[0], Mode.ANTHROPIC_TOOLS)
    with pytest.raises(ConfigurationError, match="must be an AIModelClient"):
        from_dhenara(object())  # type: ignore[call-overload]
    client = from_dhenara(MODELS[0], **options(server, MODELS[0]))
    with pytest.raises(InstructorRetryException, match="temperature"):
        client.create(response_model=Person, messages=WHO, temprature=1)
    assert not server.exchanges
