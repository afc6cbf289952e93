"""A stored answer that is read several times is copied: each copy is the answer, and shares nothing that can change."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel

from ai_utilities.cache import CacheLayer, MemoryCache
from ai_utilities.cache.entry import is_cacheable, read_entry, write_entry
from ai_utilities.cache.memory import LONGEST_REMEMBERED, REMEMBERED, ReadAnswers, can_be_copied
from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import CallWarning, ChatResponse, ChatResponseChoice, Cost, TextContent, Usage
from support.corpus import read
from support.protocols import PROTOCOLS, Recorded
from support.worlds import endpoint

TEXTS = ChatResponse(
    id="r",
    model="m",
    choices=[
        ChatResponseChoice(contents=[TextContent(text="Hello", extras={"ids": ["a"]}), TextContent(text="!")]),
        ChatResponseChoice(index=1, contents=[], logprobs=[{"token": "a", "top": [{"token": "b"}]}]),
    ],
    usage=Usage(input_tokens=3, units={"images": 1.0}, options={"size": {"x": 1}}, raw={"details": [{"cached": 0}]}),
    warnings=[CallWarning(code="provider_warning", message="w")],
    extras={"fingerprint": "f", "more": {"list": [1, [2]]}},
).with_cost(Cost(amount=Decimal(1), source="catalog"))


def entry_of(answer: ChatResponse) -> str:
    return write_entry(answer) or ""


def changeable(value: Any) -> Iterator[Any]:
    """The lists, dicts and sets in a value, and the models that have one of them."""
    if isinstance(value, list | dict):
        yield value
        for one in value.values() if isinstance(value, dict) else value:
            yield from changeable(one)
    elif isinstance(value, BaseModel):
        inside = list(changeable({**vars(value)}))[1:]
        if inside:
            yield from (value, vars(value), value.model_fields_set, *inside)


def facts(answer: ChatResponse) -> tuple[Any, ...]:
    every = (answer, *answer.choices, *answer.contents, answer.usage, answer.cost)
    names = [(sorted(one.model_fields_set), list(vars(one)), one.model_extra) for one in every]
    return answer, answer.model_dump_json(), answer.model_dump_json(exclude_unset=True), names


def assert_read_apart(text: str) -> None:
    answers = ReadAnswers(read_entry)
    actual = [answers.read(text) for _ in range(5)]
    expected = read_entry(text)
    assert expected is not None
    earlier: set[int] = set()
    for one in actual:
        assert one is not None
        assert facts(one) == facts(expected)
        own = {id(part) for part in changeable(one)}
        assert earlier.isdisjoint(own)
        earlier |= own


@pytest.mark.parametrize("usage", [TEXTS.usage, Usage.unknown()], ids=["known", "unknown"])
def test_answers_of_one_text_are_equal_and_share_nothing_that_can_change(usage: Usage) -> None:
    answer = TEXTS.model_copy(update={"usage": usage})
    assert can_be_copied(answer)
    assert_read_apart(entry_of(answer))


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda protocol: f"{protocol.codec}-{protocol.apis[0]}")
def test_recorded_answers_are_equal_and_share_nothing_that_can_change(protocol: Recorded) -> None:
    exchanges = protocol.exchanges(lambda exchange: exchange["expected"]["kind"] == "generate")
    for exchange in exchanges[:: 1 + len(exchanges) // 15]:
        answer = read(protocol.load(), protocol.quirks, exchange).response()
        if is_cacheable(answer):
            assert_read_apart(entry_of(answer))


def test_what_a_caller_does_to_an_answer_does_not_reach_the_next_one(server: FakeServer) -> None:
    server.add_replies(Answer(text="Hello!"))
    with AIModelClient(endpoint(server.url, "openai"), layers=[CacheLayer(MemoryCache())]) as client:
        sent = client.generate("?").chat_response
        stored = [sent.text, dict(sent.usage.raw), {**sent.extras}]
        for _ in range(5):
            hit = client.generate("?").chat_response
            assert hit.cached
            assert [hit.text, hit.usage.raw, hit.extras] == stored
            assert not hit.cost.components
            hit.choices[0].contents.append(TextContent(text=" And more."))
            hit.choices.append(ChatResponseChoice())
            hit.usage.raw["more"] = 1
            hit.usage.units["images"] = 1.0
            hit.cost.components["input"] = Decimal(1)
            hit.extras["more"] = {}
            hit.warnings.append(CallWarning(code="learned", message="w"))
    assert len(server.exchanges) == 1


def test_an_answer_is_copied_from_the_third_reading_on() -> None:
    texts: list[str] = []
    answers = ReadAnswers(lambda text: texts.append(text) or read_entry(text))
    text = entry_of(TEXTS)
    assert [bool(answers.read(text)) for _ in range(4)] == [True] * 4
    assert texts == [text] * 2


def test_only_some_answers_are_remembered_and_no_long_ones() -> None:
    answers = ReadAnswers(read_entry)
    for number in range(REMEMBERED + 10):
        text = entry_of(TEXTS.model_copy(update={"id": str(number)}))
        assert all(answers.read(text) for _ in range(3))
    assert len(answers._known) == REMEMBERED
    long = entry_of(TEXTS.model_copy(update={"id": "x" * LONGEST_REMEMBERED}))
    assert all(answers.read(long) for _ in range(3))
    assert long not in answers._known


def test_what_is_no_answer_is_not_remembered() -> None:
    answers = ReadAnswers(read_entry)
    for text in ("", "[1]", '{"format":999,"answer":{}}', entry_of(TEXTS)[:-1]):
        assert [answers.read(text) for _ in range(3)] == [None] * 3
    assert not answers._known
