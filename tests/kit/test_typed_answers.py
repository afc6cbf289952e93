"""Answers as objects: many at a time, in conversations, and extracted from texts and files."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any, assert_type

import pytest
from pydantic import BaseModel, Field

from ai_utilities import (
    AiClient,
    AiSettings,
    AsyncAiClient,
    JsonParseError,
    ProviderConfigurationError,
    TypedResult,
)
from ai_utilities.exceptions import AuthenticationError
from dhenara.ai.testing import Answer, FakeServer, Refusal


class City(BaseModel):
    name: str = Field(description="Its name in English")
    people: int | None = None


ROME, OSLO = '{"name": "Rome", "people": 3}', '{"name": "Oslo", "people": 1}'


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as made:
        yield made


def settings(server: FakeServer, **more: Any) -> AiSettings:
    return AiSettings(
        provider="openai", model="m", api_key="sk-of-the-test", base_url=f"{server.url}/v1", max_retries=0, **more
    )


def names(results: list[TypedResult[City]]) -> list[str | None]:
    return [result.output.name if result.ok else None for result in results]


def test_each_prompt_has_an_object(server: FakeServer) -> None:
    server.add_replies(Answer(text=ROME), Answer(text=OSLO))
    seen: list[tuple[int, int]] = []
    with AiClient(settings(server), show_progress=False) as client:
        results = client.ask_typed_many(
            ["Italy?", "Norway?"], City, concurrency=1, on_progress=lambda *at: seen.append(at), temperature=0
        )
    assert_type(results, list[TypedResult[City]])
    assert_type(results[0].output, City)
    assert [result.output for result in results] == [City(name="Rome", people=3), City(name="Oslo", people=1)]
    assert [result.prompt for result in results] == ["Italy?", "Norway?"]
    assert results[0] == ROME
    assert results[0].usage.total_tokens > 0
    assert seen == [(1, 2), (2, 2)]
    assert all(exchange.json["temperature"] == 0 for exchange in server.exchanges)


def test_a_failure_stays_with_its_prompt(server: FakeServer) -> None:
    server.add_replies(Answer(text=ROME), Refusal(401, "no"), Answer(text="no city"), Answer(text="still no city"))
    with AiClient(settings(server), show_progress=False) as client:
        good, refused, invalid = client.ask_typed_many(["a", "b", "c"], City, concurrency=1)
    assert good.ok
    assert isinstance(refused.error, AuthenticationError)
    assert isinstance(invalid.error, JsonParseError)
    with pytest.raises(AuthenticationError):
        _ = refused.output
    assert len(server.exchanges) == 4


def test_after_the_first_failure_nothing_more_is_sent_if_it_shall_fail_fast(server: FakeServer) -> None:
    server.add_replies(Refusal(401, "no"))
    with AiClient(settings(server), show_progress=False) as client:
        results = client.ask_typed_many(["a", "b", "c"], City, concurrency=1, fail_fast=True)
    assert [result.ok for result in results] == [False, False, False]
    assert len(server.exchanges) == 1


def test_the_async_client_has_the_same_methods(server: FakeServer) -> None:
    server.add_replies(*[Answer(text=ROME)] * 5)

    async def main() -> None:
        async with AsyncAiClient(settings(server), show_progress=False) as client:
            many = await client.ask_typed_many(["a", "b"], City)
            extracted = await client.extract(["Rome has 3 people.", "Rome again."], City)
            assert_type(extracted, list[TypedResult[City]])
            assert names([*many, *extracted]) == ["Rome"] * 4
            chat = client.chat()
            assert (await chat.ask_typed("Italy?", City)).people == 3
            assert len(chat.turns) == 1

    asyncio.run(main())


def test_extract_sends_each_text_with_instructions_and_the_schema(server: FakeServer) -> None:
    server.add_replies(Answer(text=ROME), Answer(text=OSLO))
    with AiClient(settings(server, system_prompt="Be exact."), show_progress=False) as client:
        results = client.extract(["Rome has 3 people.", "Oslo has 1."], City, concurrency=1)
    assert names(results) == ["Rome", "Oslo"]
    sent = [str(exchange.json) for exchange in server.exchanges]
    assert "Rome has 3 people." in sent[0]
    assert "Oslo has 1." in sent[1]
    assert all("Extract the data" in one and "Be exact." in one and "Its name in English" in one for one in sent)


def test_what_to_extract_may_be_reported_more_exactly(server: FakeServer) -> None:
    server.add_replies(Answer(text=ROME))
    with AiClient(settings(server), show_progress=False) as client:
        client.extract(["Rome has 3 people."], City, system="Capitals only.")
    assert "Extract the data" in str(server.exchanges[0].json)
    assert "Capitals only." in str(server.exchanges[0].json)


def test_extract_finds_several_objects_in_a_text(server: FakeServer) -> None:
    server.add_replies(Answer(text=f'{{"value": [{ROME}, {OSLO}]}}'))
    with AiClient(settings(server), show_progress=False) as client:
        (result,) = client.extract(["Rome 3, Oslo 1."], list[City])
    assert_type(result.output, list[City])
    assert result.output[0].name == "Rome"


def test_extract_reads_files(server: FakeServer, tmp_path: Path) -> None:
    report = tmp_path / "report.txt"
    report.write_text("Rome has 3 people.", encoding="utf-8")
    server.add_replies(Answer(text=ROME), Answer(text=OSLO))
    with AiClient(settings(server), show_progress=False) as client:
        results = client.extract([report, "Oslo has 1."], City, concurrency=1)
        missing = client.extract([tmp_path / "none.txt"], City)
    assert names(results) == ["Rome", "Oslo"]
    assert "Rome has 3 people." in str(server.exchanges[0].json)
    assert "none.txt" in str(missing[0].error)


def test_a_typed_question_is_a_turn_of_its_conversation(server: FakeServer) -> None:
    server.add_replies(Answer(text="Hello."), Answer(text="no city"), Answer(text=ROME), Answer(text="3."))
    with AiClient(settings(server)) as client:
        chat = client.chat(system="Be brief.")
        chat.ask("Hi.")
        city = chat.ask_typed("Which city?", City)
        assert_type(city, City)
        assert city.people == 3
        chat.ask("How many?")
        assert [turn.prompt[0].text for turn in chat.turns] == ["Hi.", "Which city?", "How many?"]
        assert chat.turns[1].text == ROME
    requested = str(server.exchanges[1].json)
    assert "Hello." in requested
    assert "Which city?" in requested
    assert "no city" not in str(server.exchanges[3].json)


def test_a_typed_question_with_tools_is_one_turn(server: FakeServer) -> None:
    def weather(city: str) -> str:
        """The weather in a city."""
        return "sunny"

    server.add_replies(Answer(text="no city"), Answer(text=ROME))
    with AiClient(settings(server)) as client:
        chat = client.chat()
        assert chat.ask_typed("Which city?", City, tools=[weather], max_repairs=1).name == "Rome"
        assert len(chat.turns) == 1


def test_a_typed_question_that_fails_leaves_no_turn(server: FakeServer) -> None:
    server.add_replies(Answer(text="no city"), Answer(text="none"))
    with AiClient(settings(server)) as client:
        chat = client.chat()
        with pytest.raises(JsonParseError):
            chat.ask_typed("Which city?", City)
        assert chat.turns == ()


WRONG: list[tuple[Any, str]] = [
    (lambda client: client.ask_typed("x", City(name="a")), r"takes a type such as a pydantic model.*ask_typed\(prompt"),
    (lambda client: client.ask_typed("x", "City"), r"takes a type, not its name: ask_typed\(prompt, City\)"),
    (lambda client: client.ask_typed(City, "x"), r"the prompt first and the type second: ask_typed\(prompt, Person\)"),
    (lambda client: client.chat().ask_typed(City, "x"), "the prompt first and the type second"),
    (lambda client: client.ask_typed_many("Italy?", City), r"takes a list of prompts, not str: ask_typed_many\(\["),
    (lambda client: client.extract("Rome has 3 people.", City), r"takes a list of .*not str: extract\(\["),
    (lambda client: client.extract(["a"], City, files=["b.pdf"]), r"extract reads files itself: extract\(\[Path"),
    (lambda client: client.ask_typed_many(["a"], City, response_format=City), "structured_output=Person"),
    (lambda client: client.ask_typed("x", City, max_repairs=-1), "max_repairs must be 0 or more, not -1"),
]


@pytest.mark.parametrize(("call", "message"), WRONG)
def test_what_can_only_be_a_mistake_is_refused_before_anything_is_sent(
    call: Any, message: str, server: FakeServer
) -> None:
    with AiClient(settings(server), show_progress=False) as client:
        with pytest.raises(ProviderConfigurationError, match=message):
            call(client)
        assert server.exchanges == []
