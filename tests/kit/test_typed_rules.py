"""Arguments of typed answers and texts with JSON, in sync and async code."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import BaseModel

from ai_utilities import AiClient, AiSettings, AsyncAiClient, JsonParseError, parse_json_from_text
from ai_utilities.operations import texts
from ai_utilities.operations.texts import create_repair_prompt, json_instructions, read_object
from dhenara.ai.testing import Answer, FakeServer, Raw, Refusal
from dhenara.ai.types import FileContent


class City(BaseModel):
    name: str


ROME, WRONG = Answer(text='{"name": "Rome"}'), Answer(text="no city")
BOTH = pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
MANY = pytest.mark.parametrize("method", ["ask_typed_many", "extract"])


def run(is_async: bool, server: FakeServer, script: Callable[[Any], Any], **changes: Any) -> Any:
    """What a method of a client returns."""
    known = {"provider": "openai", "model": "m", "api_key": "sk-test", "base_url": f"{server.url}/v1"}
    settings = AiSettings(_env_file=None, **{**known, "max_retries": 0, "concurrency": 1, **changes})

    async def work() -> Any:
        async with AsyncAiClient(settings, show_progress=False) as client:
            return await script(client)

    if is_async:
        return asyncio.run(work())
    with AiClient(settings, show_progress=False) as client:
        return script(client)


@BOTH
@pytest.mark.parametrize("repairs", [0, 2])
def test_an_invalid_answer_is_sent_back_as_often_as_is_allowed(
    is_async: bool, repairs: int, server: FakeServer
) -> None:
    server.add_replies(*[WRONG] * repairs, ROME)
    question = lambda client: client.ask_typed("?", City, max_repairs=repairs)  # noqa: E731
    assert run(is_async, server, question) == City(name="Rome")
    server.add_replies(*[WRONG] * (repairs + 1))
    with pytest.raises(JsonParseError):
        run(is_async, server, question)


@BOTH
@MANY
def test_each_of_many_is_sent_back_as_often_as_is_allowed(is_async: bool, method: str, server: FakeServer) -> None:
    server.add_replies(WRONG, WRONG, ROME, WRONG)
    results = run(is_async, server, lambda client: getattr(client, method)(["a"], City, max_repairs=2))
    assert [result.ok for result in results] == [True]
    results = run(is_async, server, lambda client: getattr(client, method)(["a"], City, max_repairs=0))
    assert [result.ok for result in results] == [False]


@BOTH
@MANY
def test_progress_of_many_is_reported(is_async: bool, method: str, server: FakeServer) -> None:
    server.add_replies(ROME, ROME)
    seen: list[tuple[int, int]] = []
    note = lambda *counts: seen.append(counts)  # noqa: E731
    run(is_async, server, lambda client: getattr(client, method)(["a", "b"], City, on_progress=note))
    assert seen == [(1, 2), (2, 2)]


@BOTH
@MANY
def test_after_a_failure_nothing_more_is_sent_on_demand(is_async: bool, method: str) -> None:
    for fail_fast, sent in ((True, 1), (False, 2)):
        ask = lambda client, fast=fail_fast: getattr(client, method)(["a", "b"], City, fail_fast=fast)  # noqa: E731
        with FakeServer(*[Refusal(401, "no")] * sent) as refusing:
            results = run(is_async, refusing, ask)
        assert [result.ok for result in results] == [False, False]
        assert len(refusing.exchanges) == sent


@BOTH
def test_instructions_to_extract_come_before_those_of_the_caller(is_async: bool, server: FakeServer) -> None:
    server.add_replies(ROME)
    run(is_async, server, lambda client: client.extract(["Rome"], City, system=["Be exact.", "Be brief."]))
    sent = json.dumps(server.exchanges[0].json)
    places = [sent.index(text) for text in ("Extract the data", "Be exact.", "Be brief.")]
    assert places == sorted(places)


@BOTH
def test_earlier_messages_and_other_names_of_options_are_counted(is_async: bool, server: FakeServer) -> None:
    server.add_replies(Raw(b'{"input_tokens": 7}'))
    context = [{"role": "user", "content": "Earlier?"}, {"role": "assistant", "content": "Yes."}]
    counted = run(
        is_async,
        server,
        lambda client: client.count_tokens("Later?", context=context, instructions="Be brief."),
        provider="anthropic",
        base_url=server.url,
    )
    assert counted.input_tokens == 7
    sent = server.exchanges[0].json
    assert [message["role"] for message in sent["messages"]] == ["user", "assistant", "user"]
    assert "Be brief." in json.dumps(sent["system"])


def test_async_code_reads_a_document_in_a_thread(monkeypatch: pytest.MonkeyPatch, server: FakeServer) -> None:
    threads: list[threading.Thread] = []

    def read(document: Any) -> FileContent:
        threads.append(threading.current_thread())
        return FileContent(data=b"%PDF-", mime_type="application/pdf")

    monkeypatch.setattr(texts, "read_document", read)
    server.add_replies(Refusal(400, "no"))
    with pytest.raises(Exception, match="no"):
        run(True, server, lambda client: client.ocr("a.pdf"), provider="mistral", model="mistral-ocr-latest")
    assert [one is threading.main_thread() for one in threads] == [False]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        ('The set {x} is:\n```json\n{"a": 1}\n```', {"a": 1}),
        ('Not [1, 2] but\n```\n{"a": 1}\n```\n', {"a": 1}),
        ("Before {not json} after [1, 2] and more", [1, 2]),
        ("7", 7),
    ],
)
def test_json_is_the_whole_text_or_in_a_fence_or_the_first_object(text: str, value: Any) -> None:
    assert parse_json_from_text(text) == value


@pytest.mark.parametrize(
    "text",
    [
        '{"a": {"b": 1},}',
        'Sure: [{"a": 1}, {"b": 2}, {"c": 3 and more',
        "{'a': {\"b\": 1}}",
        '{ "a {"b": 1}',
        '```json\n{"a": [1, 2], "b": 01}\n```',
    ],
)
def test_a_complete_part_of_broken_json_is_no_answer(text: str) -> None:
    with pytest.raises(JsonParseError, match="no valid JSON"):
        parse_json_from_text(text)


def test_a_repair_has_the_prompt_the_answer_and_the_error() -> None:
    prompt = create_repair_prompt("Which city?", "no city", "name: Field required")
    places = [prompt.index(text) for text in ("Which city?", "no city", "name: Field required", "JSON only")]
    assert places == sorted(places)


def test_a_schema_in_instructions_has_its_letters_as_they_are() -> None:
    assert "Größe" in json_instructions({"description": "Größe"})
    assert "JSON Schema" not in json_instructions(None)


def test_the_output_that_the_engine_has_read_comes_before_the_text() -> None:
    answer = SimpleNamespace(parsed={"b": 2})
    result: Any = SimpleNamespace(text='{"a": 1}', answer=answer, refusal=None, finish_reason="stop")
    assert read_object(result) == {"b": 2}
    result.answer.parsed = None
    assert read_object(result) == {"a": 1}
