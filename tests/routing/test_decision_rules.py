"""Rules of the decision where a call goes, and of the board, on standings that the test gives."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from dhenara.ai.pipeline.routing import board as board_module
from dhenara.ai.pipeline.routing.board import HealthBoard, SharedRest
from dhenara.ai.pipeline.routing.decision import (
    LOOK_AGAIN,
    Decision,
    RouteCall,
    decide,
    explain,
    find_unfit,
    headroom_of,
)
from dhenara.ai.pipeline.routing.fit import DeploymentFacts
from dhenara.ai.pipeline.routing.health import AVAILABLE, Failure, Health
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint, Deployment, ModelRoute, RouteGroup, RouteRequest

NOW = 100.0
CALL = RouteCall(RouteRequest())


def deployment(name: str, weight: float = 1.0) -> Deployment:
    endpoint = AIModelEndpoint(api=AIModelAPI(provider="openai", api_key="k"), ai_model=AIModel(model_name="m"))
    return Deployment(endpoint=endpoint, name=name, weight=weight)


def board_of(strategy: Any = "weighted", *weights: float, store: Any = None, groups: int = 1) -> HealthBoard:
    weights = weights or (1.0, 1.0, 1.0)
    made = [
        RouteGroup(
            deployments=tuple(deployment(f"{group}-{at}", weight) for at, weight in enumerate(weights)),
            strategy=strategy,
        )
        for group in range(groups)
    ]
    board = HealthBoard(ModelRoute(groups=tuple(made)), store)
    for one in board.standings:
        one.key = one.deployment.name
    return board


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


# The board


class ClockIO:
    """The part of IO that boards use."""

    def __init__(self) -> None:
        self.now = NOW

    def monotonic(self) -> float:
        return self.now


class NotedStore:
    """A store of health in memory that notes its calls."""

    blocking = False

    def __init__(self) -> None:
        self.rests: dict[str, SharedRest] = {}
        self.calls: list[tuple[str, str]] = []
        self.reads = 0
        self.during_read: Callable[[], object] = lambda: None

    def read(self, keys: Any) -> Any:
        self.reads += 1
        self.during_read()
        return {key: rest for key, rest in self.rests.items() if key in keys}

    def rest(self, key: str, rest: SharedRest) -> None:
        self.calls.append(("rest", key))
        self.rests[key] = rest

    def recover(self, key: str) -> None:
        self.calls.append(("recover", key))
        self.rests[key] = SharedRest(0.0, 0, "server", "")

    def claim_probe(self, key: str, seconds: float) -> bool:
        self.calls.append(("claim_probe", key))
        return True


def shared() -> tuple[HealthBoard, NotedStore, ClockIO]:
    store = NotedStore()
    return board_of("round_robin", store=store), store, ClockIO()


def run(work: Any) -> Any:
    return asyncio.run(work)


def test_the_rest_of_another_process_is_taken_over_with_the_larger_number_of_failures() -> None:
    board, store, io = shared()
    store.rests["0-0"] = SharedRest(30.0, 4, "rate_limit", "slow down")
    board.standings[0].health = Health(failures=6, resting_until=NOW + 5, failed_at=NOW - 1)
    run(board.refresh(io))
    health = board.standings[0].health
    assert (health.failures, health.resting_until, health.kind, health.reason) == (
        6,
        NOW + 30,
        "rate_limit",
        "slow down",
    )
    io.now += 2
    store.rests["0-0"] = SharedRest(28.0, 9, "rate_limit", "slow down")
    board.standings[0].health = AVAILABLE
    run(board.refresh(io))
    assert board.standings[0].health.failures == 9


def test_a_store_is_read_once_a_second() -> None:
    board, store, io = shared()
    for at, reads in ((0.0, 1), (0.5, 1), (0.999, 1), (1.0, 2), (1.5, 2)):
        io.now = NOW + at
        run(board.refresh(io))
        assert store.reads == reads


def test_an_answer_ends_a_rest_for_all_processes_and_one_of_theirs_ends_it_here() -> None:
    board, store, io = shared()
    run(board.record_failure(io, 0, Failure("rate_limit", retry_after=5.0), NOW))
    io.now += 6
    run(board.record_answer(io, 0, io.now, 0.5))
    assert store.calls == [("rest", "0-0"), ("recover", "0-0")]
    run(board.record_failure(io, 1, Failure("rate_limit", retry_after=50.0), io.now))
    io.now += 6
    store.recover("0-1")
    run(board.refresh(io))
    assert board.standings[1].health is AVAILABLE


def test_an_answer_before_the_last_failure_here_does_not_end_its_rest() -> None:
    board, store, io = shared()
    run(board.record_failure(io, 0, Failure("rate_limit", retry_after=50.0), NOW))
    store.rests["0-0"] = SharedRest(-5.0, 0, "server", "")  # ended before this failure
    io.now += 2
    run(board.refresh(io))
    assert board.standings[0].health.state(io.now) == "resting"


def test_what_happens_here_while_the_store_is_read_is_newer_than_what_was_read() -> None:
    board, store, io = shared()
    store.rests["0-0"] = SharedRest(30.0, 4, "rate_limit", "slow down")

    def answer_arrives() -> None:
        board.standings[0].changed_at = io.now + 0.01

    store.during_read = answer_arrives
    run(board.refresh(io))
    assert board.standings[0].health is AVAILABLE
    io.now += 2
    store.during_read = lambda: None
    run(board.refresh(io))
    assert board.standings[0].health.state(io.now) == "resting"


def test_a_store_that_lost_a_rest_gets_it_again() -> None:
    board, store, io = shared()
    run(board.record_failure(io, 0, Failure("rate_limit", retry_after=50.0), NOW))
    store.rests.clear()
    io.now += 2
    run(board.refresh(io))
    assert store.rests["0-0"].seconds == 48.0


def test_a_running_call_is_counted_until_it_ends() -> None:
    board, _, _ = shared()
    numbers = [board.begin(index, None, NOW) for index in (1, 1, 2)]
    board.end(1, numbers[0], NOW)
    assert [one.in_flight for one in board.standings] == [0, 1, 1]
    assert [one.last_chosen for one in board.standings] == [0, 2, 3]


def test_a_conversation_is_remembered_for_an_hour_and_the_oldest_are_forgotten(monkeypatch: Any) -> None:
    board, _, _ = shared()
    monkeypatch.setattr(board_module, "MOST_CONVERSATIONS", 2)
    board.remember_conversation("a", 1, NOW)
    board.remember_conversation("b", 2, NOW)
    board.remember_conversation("a", 0, NOW)  # used again
    board.remember_conversation("c", 2, NOW)
    assert [board.deployment_of(key, NOW + 3599.9) for key in "abc"] == [0, None, 2]
    assert board.deployment_of("a", NOW + 3600) is None


def test_a_new_time_to_the_first_token_counts_for_a_fifth() -> None:
    board, _, io = shared()
    for seconds in (1.0, 2.0):
        run(board.record_answer(io, 0, NOW, seconds))
    assert board.standings[0].latency == pytest.approx(1.2)
    for seconds, latency in ((1.0, 1.2), (2.2, 1.4)):  # a request that was left says that it takes at least as long
        board.record_slowness(0, seconds, None, NOW)
        assert board.standings[0].latency == pytest.approx(latency)
