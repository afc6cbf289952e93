"""Results: strings that know more."""

from __future__ import annotations

import copy
import json
import pickle
from decimal import Decimal

import pytest
from hypothesis import given, strategies as st
from pydantic import BaseModel, ValidationError

from ai_utilities import AskResult, UsageData
from ai_utilities.results import read_final
from ai_utilities.usage.data import BUCKETS, INPUT_BUCKETS, OUTPUT_BUCKETS
from dhenara.ai.types import AIModelCallResponse, ChatResponse, Cost, Run, Step, Usage

COUNTS = st.fixed_dictionaries({name: st.integers(0, 10**6) for name in BUCKETS})


def test_a_result_is_a_string_like_any_other() -> None:
    result = AskResult("Paris", usage=UsageData(prompt_tokens=3, completion_tokens=2))
    assert result == "Paris"
    assert {result: 1}["Paris"] == 1  # type: ignore[index]  # equal strings are one key
    assert result + "!" == "Paris!"
    assert f"{result}" == "Paris"
    assert json.dumps([result]) == '["Paris"]'
    assert repr(result) == "'Paris'"
    assert result.text == result.text() == "Paris"
    assert type(str(result.text)) is str
    assert result.usage.total_tokens == 5
    assert result.ok


def test_a_result_can_be_made_by_keywords_alone() -> None:
    result = AskResult(
        text="hi",
        usage=UsageData(
            prompt_tokens=1, completion_tokens=2, total_tokens=3, model="m", provider="p", cost=Decimal("0.1")
        ),
    )
    assert (result.text, result.model, result.provider, result.cost) == ("hi", "m", "p", Decimal("0.1"))
    assert (result.cached, result.duration_s, result.response, result.error) == (False, None, None, None)


class Note(BaseModel):
    answer: AskResult
    words: str


def test_a_result_may_be_a_field_of_a_model() -> None:
    result = AskResult("Paris", model="m")
    note = Note(answer=result, words=result)
    assert note.answer is result
    assert note.model_dump_json() == '{"answer":"Paris","words":"Paris"}'
    assert Note.model_validate_json(note.model_dump_json()) == note
    assert type(Note(answer="Rome", words="x").answer) is AskResult  # type: ignore[arg-type]  # text becomes a result
    assert Note.model_json_schema()["properties"]["answer"]["type"] == "string"
    with pytest.raises(ValidationError):
        Note(answer=5, words="x")  # type: ignore[arg-type]


@pytest.mark.parametrize("travel", [copy.copy, copy.deepcopy, lambda r: pickle.loads(pickle.dumps(r))])  # noqa: S301
def test_copies_know_what_the_original_knew(travel) -> None:  # type: ignore[no-untyped-def]
    result = AskResult("x", model="m", prompt="p", usage=UsageData(prompt_tokens=1), cached=True)
    back = travel(result)
    assert type(back) is AskResult
    assert (back, back.model, back.prompt, back.usage, back.cached) == ("x", "m", "p", result.usage, True)


@given(COUNTS)
def test_usage_keeps_every_bucket_and_its_sums(counts: dict[str, int]) -> None:
    row = UsageData.of(Usage(**counts))
    assert {name: getattr(row, name) for name in BUCKETS} == counts
    assert row.prompt_tokens == sum(counts[name] for name in INPUT_BUCKETS)
    assert row.completion_tokens == sum(counts[name] for name in OUTPUT_BUCKETS)
    assert row.total_tokens == sum(counts.values())
    assert UsageData.model_validate_json(row.model_dump_json()) == row


def test_sums_alone_are_plain_tokens_in_and_out() -> None:
    row = UsageData(prompt_tokens=4, completion_tokens=6, total_tokens=10)
    assert (row.input_tokens, row.output_tokens) == (4, 6)


def test_an_unknown_cost_is_unknown_and_says_why() -> None:
    assert UsageData.of(Usage(input_tokens=1)).cost is None
    assert UsageData.of(Usage(input_tokens=1)).cost_reason
    assert UsageData.of(None).cost_reason == "the provider reported no usage"
    assert UsageData.of(Usage(), Cost(amount=Decimal(2), source="provider")).cost == 2


def test_a_result_of_a_provider_that_reports_no_usage_says_so() -> None:
    result = AskResult("Hello!", response=AIModelCallResponse(chat_response=ChatResponse()))
    for unknown in (result, AskResult("Hello!")):
        assert not unknown.usage.known
        assert (unknown.cost.amount, unknown.cost.reason) == (None, "the provider reported no usage")
    assert AskResult("x", usage=UsageData(prompt_tokens=1)).usage.known


def test_the_cost_of_a_result_is_that_of_its_answer_with_everything_known_of_it() -> None:
    cost = Cost(amount=Decimal("0.1"), components={"input": Decimal("0.1")}, source="cost_data")
    response = ChatResponse(usage=Usage(input_tokens=1)).with_cost(cost)
    result = AskResult("Hello!", response=AIModelCallResponse(chat_response=response))
    assert result.cost == cost
    assert result.usage.to_cost() == cost.model_copy(update={"components": {}})
    assert sum([result.cost, AskResult("x", cost=Decimal("0.2")).cost]) == Decimal("0.3")


@pytest.mark.parametrize("cost", [Cost(amount=Decimal("0.25")), Decimal("0.25"), 0.25])
def test_a_result_may_be_made_with_a_cost_of_any_type(cost) -> None:  # type: ignore[no-untyped-def]
    assert AskResult("x", cost=cost).cost == Cost(amount=Decimal("0.25"))


def test_the_cost_of_a_result_with_tools_is_that_of_all_requests() -> None:
    step = Step(number=1, response=AIModelCallResponse(chat_response=ChatResponse()))
    cost = Cost(amount=Decimal("0.4"), components={"input": Decimal("0.4")})
    run = Run(steps=(step,), messages=(), stopped="answered", output=None, cost=cost)
    assert read_final(run, "p").cost is cost
