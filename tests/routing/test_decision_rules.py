"""Rules of the decision where a call goes, on standings that the test gives."""

from __future__ import annotations

from typing import Any

import pytest

from dhenara.ai.pipeline.routing.board import HealthBoard, find_unfit
from dhenara.ai.pipeline.routing.decision import (
    LOOK_AGAIN,
    Decision,
    RouteCall,
    decide,
    explain,
    headroom_of,
)
from dhenara.ai.pipeline.routing.fit import DeploymentFacts
from dhenara.ai.pipeline.routing.health import Health
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint, Deployment, ModelRoute, RouteGroup, RouteRequest

NOW = 100.0
CALL = RouteCall(RouteRequest())


def deployment(name: str, weight: float = 1.0) -> Deployment:
    endpoint = AIModelEndpoint(api=AIModelAPI(provider="openai", api_key="k"), ai_model=AIModel(model_name="m"))
    return Deployment(endpoint=endpoint, name=name, weight=weight)


def board_of(strategy: Any = "weighted", *weights: float, groups: int = 1) -> HealthBoard:
    weights = weights or (1.0, 1.0, 1.0)
    made = [
        RouteGroup(
            deployments=tuple(deployment(f"{group}-{at}", weight) for at, weight in enumerate(weights)),
            strategy=strategy,
        )
        for group in range(groups)
    ]
    return HealthBoard(ModelRoute(groups=tuple(made)))


def chosen(board: HealthBoard, call: RouteCall = CALL, now: float = NOW, random: float = 0.5) -> Decision:
    return decide(board.route, board.standings, call, now, random)


def resting(until: float, kind: Any = "server") -> Health:
    return Health(failures=2, resting_until=until, failed_at=1.0, kind=kind)


# Strategies


@pytest.mark.parametrize(
    ("weights", "random", "index"),
    [
        ((1.0, 1.0, 2.0), 0.0, 0),
        ((1.0, 1.0, 2.0), 0.2499, 0),
        ((1.0, 1.0, 2.0), 0.25, 1),
        ((1.0, 1.0, 2.0), 0.5, 2),
        ((1.0, 1.0, 2.0), 0.9999, 2),
        ((0.0, 1.0, 0.0), 0.0, 1),
        ((0.0, 1.0, 0.0), 0.9999, 1),
    ],
)
def test_weights_divide_the_random_numbers(weights: tuple[float, ...], random: float, index: int) -> None:
    assert chosen(board_of("weighted", *weights), random=random).index == index


def test_deployments_without_weight_take_turns_if_there_is_no_other() -> None:
    board = board_of("weighted", 0.0, 0.0, 0.0)
    board.standings[0].last_chosen, board.standings[2].last_chosen = 5, 3
    assert chosen(board).index == 1
    board.standings[1].last_chosen = 9
    assert chosen(board).index == 2


def test_the_fewest_running_calls_count_in_relation_to_the_weight() -> None:
    board = board_of("least_in_flight", 1.0, 4.0, 0.0)
    assert chosen(board).index == 1
    board.standings[0].in_flight, board.standings[1].in_flight = 0, 3
    board.standings[0].last_chosen = 7
    assert chosen(board).index == 1  # both have one for each weight; it was chosen longer ago
    board.standings[1].in_flight = 4
    assert chosen(board).index == 0


def test_the_shortest_time_to_the_first_token_counts_times_its_running_calls() -> None:
    board = board_of("latency")
    for one, latency in zip(board.standings, (1.0, 3.0, 9.0), strict=True):
        one.latency = latency
    assert chosen(board).index == 0
    board.standings[0].in_flight = 3
    assert chosen(board).index == 1
    board.standings[2].latency = None
    assert chosen(board).index == 2


def test_a_few_calls_measure_what_was_not_called_for_longest() -> None:
    board = board_of("latency")
    for one, latency, turn in zip(board.standings, (1.0, 3.0, 9.0), (8, 2, 5), strict=True):
        one.latency, one.last_chosen = latency, turn
    assert [chosen(board, random=random).index for random in (0.0, 0.0199, 0.02, 0.5)] == [1, 1, 0, 0]


def test_the_lowest_cost_of_this_request_counts_and_unknown_prices_come_last() -> None:
    board = board_of("cheapest")
    for one, prices in zip(board.standings, ((None, None), (2.0, 1.0), (1.0, 9.0)), strict=True):
        one.facts = DeploymentFacts(looked_up=True, input_price=prices[0], output_price=prices[1])
    assert chosen(board, RouteCall(RouteRequest(input_tokens=100, max_output_tokens=1))).index == 2
    assert chosen(board, RouteCall(RouteRequest(input_tokens=1, max_output_tokens=100))).index == 1


def test_the_largest_share_of_a_rate_limit_counts_until_it_is_reset() -> None:
    board = board_of("headroom")
    for one, share in zip(board.standings, (0.1, 0.9, 0.5), strict=True):
        one.headroom, one.headroom_until, one.last_chosen = share, NOW + 5, 5
    assert chosen(board).index == 1
    board.standings[2].headroom = None
    assert chosen(board).index == 2
    board.standings[2].headroom, board.standings[0].headroom_until = 0.5, NOW
    assert chosen(board).index == 0
    assert [headroom_of(board.standings[1], at) for at in (NOW + 4.9, NOW + 5)] == [0.9, 1.0]


# Health


def test_a_resting_deployment_gets_nothing_and_is_none_of_the_others() -> None:
    board = board_of("round_robin")
    board.standings[0].health = resting(NOW + 1)
    decision = chosen(board)
    assert (decision.index, decision.others, decision.is_probe) == (1, (2,), False)


def test_a_deployment_whose_rest_is_over_is_tried_with_those_available_as_its_others() -> None:
    board = board_of("round_robin")
    board.standings[0].health, board.standings[1].health = resting(NOW + 1), resting(NOW)
    decision = chosen(board)
    assert (decision.index, decision.is_probe, decision.others) == (1, True, (2,))


def test_the_wait_is_that_for_the_first_one_and_not_for_a_refused_key() -> None:
    board = board_of("round_robin")
    for one, until in zip(board.standings, (NOW + 9, NOW + 4, NOW + 1), strict=True):
        one.health = resting(until, "access" if until == NOW + 1 else "quota")
    assert (chosen(board).index, chosen(board).wait) == (None, 4.0)
    board.standings[1].health = resting(NOW - 1).with_probe(NOW)
    assert chosen(board).wait == LOOK_AGAIN
    for one in board.standings:
        one.health = resting(NOW + 1, "access")
    assert chosen(board).wait is None


def test_a_later_group_gets_the_call_only_when_the_earlier_ones_cannot_take_it() -> None:
    board = board_of("round_robin", 1.0, groups=2)
    assert chosen(board).index == 0
    board.standings[0].health = resting(NOW + 1)
    assert chosen(board).index == 1
    assert chosen(board, RouteCall(RouteRequest(), {0: "it has no eyes"})).index == 1
    assert chosen(board, RouteCall(RouteRequest(), {}, {0: "down", 1: "down"})) == Decision()


def test_a_conversation_stays_where_it_is_cached_while_that_is_available() -> None:
    board = board_of("round_robin")
    home = RouteCall(RouteRequest(), home=2)
    assert (chosen(board, home).index, chosen(board, home).others) == (2, (0, 1))
    board.standings[2].health = resting(NOW + 1)
    assert chosen(board, home).index == 0


def test_facts_are_not_used_where_no_deployment_fits() -> None:
    board = board_of("round_robin", 1.0, 1.0)
    blind, seeing = DeploymentFacts(looked_up=True, tools=False), DeploymentFacts(looked_up=True, tools=True)
    board.standings[0].facts, board.standings[1].facts = blind, seeing
    assert list(find_unfit(board.standings, RouteRequest(tools=True))) == [0]
    board.standings[1].facts = blind
    assert find_unfit(board.standings, RouteRequest(tools=True)) == {}
    assert find_unfit(board.standings, RouteRequest()) == {}


def test_an_explanation_says_of_each_deployment_what_it_does() -> None:
    board = board_of("round_robin", 1.0, 1.0, groups=3)
    board.standings[0].health = resting(NOW + 2)
    call = RouteCall(RouteRequest(), {1: "it has no eyes"})
    decision = chosen(board, call)
    report = explain(board.route, board.standings, call, decision, NOW)
    assert [(one.state, one.chosen, one.rests_for) for one in report.deployments] == [
        ("resting", False, 2.0),
        ("unfit", False, None),
        ("available", True, None),
        ("available", False, None),
        ("available", False, None),
        ("available", False, None),
    ]
    assert [one.reason for one in report.deployments[1:]] == [
        "it has no eyes",
        "its turn",
        "another one of its group was chosen",
        "an earlier group is available",
        "an earlier group is available",
    ]
    assert (report.chosen, report.wait) == ("1-0", None)
