"""Usage and cost of a response are never None: what is unknown says so, and does not read as zero."""

import copy
import json
import pickle
from decimal import Decimal

import pytest

from dhenara.ai.conversation import SavedConversation, read_saved
from dhenara.ai.types import BatchResults, ChatResponse, Cost, OperationResponse, Run, Usage
from dhenara.ai.types.chat.cost import add_costs, total_cost
from dhenara.ai.types.chat.usage import add_usages, total_usage

NO_USAGE = "the provider reported no usage"
half = Cost(amount=Decimal("0.5"), components={"input": Decimal("0.5")})
unknown = Cost(reason="no price is known for x")


def test_the_counts_of_an_unknown_usage_are_none_and_it_is_false():
    usage = Usage.unknown()
    assert not usage
    assert not usage.known
    assert {usage.prompt_tokens, usage.completion_tokens, usage.total_tokens} == {None}
    assert {usage.input_tokens, usage.output_tokens, usage.reasoning_tokens} == {None}


def test_a_reported_usage_of_zero_tokens_is_known():
    assert Usage(input_tokens=0)
    assert Usage().known
    assert Usage().total_tokens == 0
    assert Usage() != Usage.unknown()


@pytest.mark.parametrize("kind", [ChatResponse, OperationResponse])
def test_a_response_without_usage_has_an_unknown_usage_and_a_cost_that_says_why(kind):
    for response in (kind(), kind(usage=None), kind().with_cost(None)):
        assert response.usage == Usage.unknown()
        assert (response.cost.amount, response.cost.reason) == (None, NO_USAGE)


def test_a_response_with_usage_that_nobody_priced_says_so():
    response = ChatResponse(usage=Usage(input_tokens=1))
    assert (response.cost.amount, response.cost.reason) == (None, "no price is known")


def test_dumps_have_none_for_what_is_unknown_as_before():
    dumped = ChatResponse().model_dump(mode="json")
    assert (dumped["usage"], dumped["cost"]) == (None, None)
    assert ChatResponse().with_cost(unknown).model_dump()["cost"]["reason"] == unknown.reason
    assert json.loads(Usage.unknown().model_dump_json()) is None


@pytest.mark.parametrize("response", [ChatResponse(), ChatResponse(usage=Usage(input_tokens=1)).with_cost(half)])
def test_a_response_comes_back_from_dumps_pickles_and_copies(response):
    for again in (
        ChatResponse.model_validate(response.model_dump()),
        ChatResponse.model_validate_json(response.model_dump_json()),
        pickle.loads(pickle.dumps(response)),  # noqa: S301
        copy.deepcopy(response),
    ):
        assert again == response
        assert again.usage.known == response.usage.known
        assert again.model_dump_json() == response.model_dump_json()


def test_pickles_in_which_an_unknown_usage_was_none_are_read():
    response = ChatResponse(model="m")
    state = response.__getstate__()
    state["__dict__"] |= {"usage": None, "cost": None}
    again = ChatResponse.__new__(ChatResponse)
    again.__setstate__(state)
    assert again == response
    assert (again.usage.known, again.cost.reason) == (False, NO_USAGE)


def test_a_conversation_saved_before_is_read_and_saved_with_the_same_fields():
    answer = '{"id":null,"model":"m","provider":"p","choices":[],"usage":null,"warnings":[],"interrupted":false,'
    answer += '"error":null,"cached":false,"extras":{},"cost":null}'
    turn = f'{{"prompt":[],"instructions":[],"answer":{answer},"choice":0,"fingerprint":null,"exchange":null}}'
    saved = f'{{"version":1,"instructions":[],"turns":[{turn}]}}'
    conversation = read_saved(saved)
    assert not conversation.turns[0].usage
    assert conversation.turns[0].cost.reason == NO_USAGE
    # Conversations of then did not have the run of a turn.
    assert SavedConversation.model_dump_json(conversation) == saved.replace("null}]}", 'null,"run":null}]}')


def test_sums_of_usages_are_unknown_only_if_all_are():
    one = Usage(input_tokens=3)
    for add in (total_usage, add_usages):
        assert add([one, Usage.unknown(), one]).total_tokens == 6
        assert not add([Usage.unknown(), Usage.unknown()])
    assert total_usage([]).total_tokens == 0


def test_sums_of_costs_are_unknown_if_one_is():
    for add in (total_cost, add_costs):
        assert add([half, half]).amount == 1
        assert add([half, unknown]).amount is None
    assert add_costs([unknown, unknown]).reason == unknown.reason


def test_totals_of_runs_and_batches_are_never_none():
    assert Run(steps=(), messages=(), stopped="rounds", output=None).usage.total_tokens == 0
    assert not BatchResults(()).usage
    assert BatchResults(()).cost.amount is None


def test_a_cost_adds_up():
    assert sum([half, half]) == 1
    assert (half + half).components == {"input": 1}
    assert (half + Decimal("0.25")).amount == Decimal("0.75")
    assert (half + unknown).reason == (0 + unknown).reason == unknown.reason
    assert "USD and EUR" in (half + Cost(amount=Decimal(1), currency="EUR")).reason
    with pytest.raises(TypeError):
        half + "1"


def test_a_cost_calculates_like_its_amount():
    assert half * 1000 == 1000 * half == 500
    assert (half * 1.2).components == {"input": Decimal("0.6")}
    assert half / 4 == Decimal("0.125")
    assert 2 - half == Decimal("1.5")
    assert half - half == 0
    assert half + 0.25 == Decimal("0.75")
    assert -half == Decimal("-0.5")
    assert round(Cost(amount=Decimal("0.12345")), 2) == Decimal("0.12")
    for result in (unknown * 2, unknown / 2, 2 - unknown, -unknown, round(unknown, 2)):
        assert (result.amount, result.reason) == (None, unknown.reason)
    for wrong in (lambda: half * "2", lambda: half / "2", lambda: half - "1", lambda: "1" - half, lambda: half * half):
        with pytest.raises(TypeError):
            wrong()


def test_a_cost_is_true_if_it_is_known():
    assert half
    assert Cost(amount=Decimal(0))
    assert not unknown


def test_a_cost_compares_with_numbers_and_costs():
    assert half == Decimal("0.5")
    assert half == 0.5
    assert half != 1
    assert half < 1 <= half + half
    assert max(half, half + half) == 1
    assert half > 0.25
    assert half >= Decimal("0.5")
    assert unknown != 0
    assert half != "0.5"


@pytest.mark.parametrize("compare", [lambda: unknown < 1, lambda: half < unknown, lambda: half > "1"])
def test_an_unknown_cost_has_no_order(compare):
    with pytest.raises(TypeError):
        compare()


def test_a_cost_reads_as_its_amount_and_an_unknown_one_says_why():
    assert str(half) == f"{half}" == "0.5"
    assert f"{half:.3f}" == "0.500"
    assert float(half) == 0.5
    assert str(Cost(amount=Decimal("0.00000012"))) == "0.00000012"
    assert str(unknown) == "unknown: no price is known for x"
    assert f"{unknown:.3f}" == "unknown"
    with pytest.raises(TypeError):
        float(unknown)
