"""Deployments whose answers suddenly take much longer than usual: others of their group are preferred."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from dhenara.ai.errors import CallError, CallTimeoutError, ServerError
from dhenara.ai.io.sync_io import run
from dhenara.ai.pipeline.routing.health import ENOUGH, FIRST_TRIAL, NEW_USUAL, AnswerTimes
from dhenara.ai.types import AIModelCallConfig, Candidate, RouteRequest
from support.simulated_routes import Behaviour, Simulation, answers

CHAT = (False, None)
SLOW_AT = 200.0


def first_of(candidates: list[Candidate], request: RouteRequest) -> Candidate:
    """A strategy of a user."""
    return candidates[0]


def slow_between(begin: float, end: float, slow: float = 12.0, usual: float = 0.5) -> Behaviour:
    def behave(now: float, chance: random.Random) -> tuple[float, CallError | None]:
        seconds = slow if begin <= now < end else usual
        return seconds * (0.5 + chance.random()), None

    return behave


def known(seconds: float = 1.0, kind: Any = CHAT) -> AnswerTimes:
    """Times of a deployment that has answered often enough."""
    times = AnswerTimes()
    for number in range(ENOUGH):
        times.add(kind, seconds, float(number))
    return times


def simulate(groups: list[list[str]], behaviours: dict[str, Behaviour], calls: int = 600, **facts: Any) -> Simulation:
    """One call in a second."""
    simulation = Simulation(groups, behaviours, **facts)
    simulation.ask_at(*range(calls))
    simulation.run()
    return simulation


def shares(simulation: Simulation, begin: float, end: float) -> Counter[str]:
    names = [one.name for one in simulation.route.deployments]
    return Counter(names[one.index] for one in simulation.requests if begin <= one.at < end)


@pytest.mark.parametrize("strategy", ["weighted", "round_robin", "least_in_flight", "latency", "headroom", first_of])
def test_a_slow_deployment_gets_few_calls_until_it_is_quick_again(strategy: Any) -> None:
    behaviours = {"a": slow_between(SLOW_AT, 400.0), "b": answers(0.5), "c": answers(0.5)}
    simulation = simulate([["a", "b", "c"]], behaviours, 900, strategy=strategy)
    slow = shares(simulation, SLOW_AT, 400.0)
    assert 2 <= slow["a"] <= 14, "those that showed it, and the ones that try it"
    assert sum(slow.values()) == 200
    assert shares(simulation, 0.0, SLOW_AT)["a"] >= (50 if strategy != "latency" else 1)
    assert shares(simulation, 600.0, 900.0)["a"] >= (75 if strategy not in ("latency",) else 1)


def test_calls_that_wait_show_it_before_an_answer_does() -> None:
    simulation = simulate([["a", "b"]], {"a": slow_between(100.0, 1e9, slow=500.0), "b": answers(0.5)}, 150)
    assert shares(simulation, 106.0, 150.0)["a"] <= 1


def test_the_next_group_gets_no_calls_because_of_slowness() -> None:
    """It has another model, perhaps a worse one: a slow answer of the preferred one is still an answer."""
    simulation = simulate([["a"], ["b"]], {"a": slow_between(100.0, 1e9), "b": answers(0.5)}, 300)
    assert shares(simulation, 0.0, 300.0) == {"a": 300}


def test_with_all_of_a_group_slow_the_strategy_chooses_as_usual() -> None:
    behaviours = dict.fromkeys("ab", slow_between(100.0, 1e9))
    simulation = simulate([["a", "b"], ["c"]], {**behaviours, "c": answers()}, 700, strategy="round_robin")
    later = shares(simulation, 300.0, 700.0)
    assert later["c"] == 0
    assert min(later["a"], later["b"]) > 100


def test_long_answers_now_and_then_change_no_shares() -> None:
    """One in fifty takes thirty times as long: nothing is wrong with the deployment."""

    def mixed(now: float, chance: random.Random) -> tuple[float, CallError | None]:
        return (15.0 if chance.random() < 0.02 else 0.5), None

    simulation = simulate([["a", "b"]], dict.fromkeys("ab", mixed), 6000, seed=5)
    counts = shares(simulation, 0.0, 6000.0)
    assert abs(counts["a"] - 3000) < 4 * (6000 * 0.25) ** 0.5, "four standard deviations"


def test_a_failure_moves_on_to_a_slow_deployment_rather_than_to_the_next_group() -> None:
    def down(now: float, chance: random.Random) -> tuple[float, CallError | None]:
        return 0.1, ServerError("down", status=503) if now > 150.0 else None

    behaviours = {"a": slow_between(100.0, 1e9), "b": down, "c": answers()}
    simulation = simulate([["a", "b"], ["c"]], behaviours, 200, config=AIModelCallConfig(retries=0))
    assert shares(simulation, 151.0, 200.0)["a"] > 40
    assert not [one for one in simulation.outcomes if one.error is not None]


def test_the_explanation_says_so() -> None:
    simulation = simulate([["a", "b"]], {"a": slow_between(100.0, 1e9), "b": answers()}, 150)
    explained = run(simulation.router.explain_call(simulation.call()))
    slow, other = explained.deployments
    assert (slow.state, other.state, explained.chosen) == ("slow", "available", "b")
    assert slow.reason.startswith("its answers take much longer than usual to begin; it is tried again in ")
    assert other.reason == "the answers of the others of its group take longer than usual"


def test_a_request_that_lost_to_a_second_one_counts() -> None:
    behaviours = {"a": slow_between(100.0, 1e9, slow=60.0), "b": answers(0.5)}
    simulation = simulate([["a", "b"]], behaviours, 200, hedge_after=5.0)
    assert simulation.board.standings[0].times.is_slow(200.0)
    assert shares(simulation, 115.0, 200.0)["a"] <= 8


def test_one_slow_answer_says_nothing_and_two_in_a_row_do() -> None:
    times = known()
    times.add(CHAT, 3.0, 10.0)
    assert not times.is_slow(10.0), "three times as long as usual is not slow yet"
    times.add(CHAT, 3.1, 11.0)
    assert not times.is_slow(11.0)
    times.add(CHAT, 1.0, 12.0)
    times.add(CHAT, 3.1, 13.0)
    assert not times.is_slow(13.0), "a quick answer came between them"
    times.add(CHAT, 3.1, 14.0)
    assert times.is_slow(14.0)
    assert not times.is_slow(14.0 + FIRST_TRIAL)


def test_answers_a_second_later_than_usual_are_not_slow() -> None:
    times = known(0.01)
    for number in range(5):
        times.add(CHAT, 0.9, float(number))
    assert not times.is_slow(5.0)


def test_before_enough_answers_nothing_is_slow() -> None:
    times = AnswerTimes()
    for number in range(ENOUGH - 1):
        times.add(CHAT, 0.1, float(number))
    for number in range(5):
        times.start(number, CHAT, 10.0)
        times.add(CHAT, 60.0, 10.0)
    assert not times.is_slow(100.0)


def test_calls_that_wait_are_compared_with_their_own_kind() -> None:
    streamed = (True, None)
    times = known()
    for number in range(ENOUGH):
        times.add(streamed, 10.0, float(number))
    times.start(1, streamed, 20.0)
    times.start(2, streamed, 20.0)
    assert not times.is_slow(49.0)
    assert times.is_slow(51.0)
    times.stop(1, 51.0)
    assert not times.is_slow(51.0)


def test_quick_answers_meanwhile_say_that_waiting_calls_are_only_long() -> None:
    times = known()
    times.start(1, CHAT, 20.0)
    times.start(2, CHAT, 20.0)
    assert times.is_slow(23.5)
    times.add(CHAT, 1.0, 23.5)
    assert not times.is_slow(26.0)
    assert times.is_slow(27.0), "but not for ever"


def test_calls_that_try_it_are_rare_and_rarer() -> None:
    times = known()
    times.add(CHAT, 9.0, 10.0)
    times.add(CHAT, 9.0, 10.0)
    tried = []
    for second in range(10, 600):
        if not times.is_slow(float(second)):
            tried.append(second)
            times.start(second, CHAT, float(second))
            times.stop(second, second + 0.5)
    assert [later - before for before, later in zip([10, *tried], tried, strict=False)] == [
        15,
        30,
        60,
        120,
        120,
        120,
        120,
    ]


def test_what_stays_slow_becomes_usual() -> None:
    times = known()
    for number in range(NEW_USUAL):
        times.add(CHAT, 9.0, 10.0 + number)
    assert not times.is_slow(30.0)
    assert times.limit(CHAT) == 27.0


def test_a_call_that_had_no_time_left_does_not_blame_the_deployment() -> None:
    """A short timeout of the caller, or a long wait before, says nothing about it."""
    simulation = Simulation([["a"]], {"a": answers(0.5)}, config=AIModelCallConfig(timeout=0.2))
    simulation.ask_at(*range(5))
    outcomes = simulation.run()
    assert all(isinstance(one.error, CallTimeoutError) for one in outcomes)
    assert simulation.board.standings[0].health.failures == 0


def test_a_call_of_usual_length_that_had_no_time_left_does_not_blame_it() -> None:
    simulation = simulate([["a"]], {"a": answers(4.0)}, 50)
    simulation.ask_at(*[100.0 + number for number in range(5)])
    config = AIModelCallConfig(timeout=3.0)
    assert simulation.timeline is not None
    late = replace(simulation.call(), config=config)
    simulation.timeline.start(simulation.ask(late), 200.0)
    simulation.run()
    assert isinstance(simulation.outcomes[-1].error, CallTimeoutError)
    assert simulation.board.standings[0].health.failures == 0


@pytest.mark.parametrize("answered", [0, 50])
def test_a_deployment_that_does_not_answer_at_all_is_to_blame(answered: int) -> None:
    behaviours = {"a": slow_between(100.0, 1e9, slow=1e6), "b": answers()}
    simulation = simulate([["a"], ["b"]], behaviours, answered, config=AIModelCallConfig(timeout=20.0))
    simulation.ask_at(150.0, 175.0)
    simulation.run()
    assert all(isinstance(one.error, CallTimeoutError) for one in simulation.outcomes[-2:])
    assert simulation.board.standings[0].health.failures == 2


def test_ten_answers_show_what_is_usual() -> None:
    times = AnswerTimes()
    for _ in range(9):
        times.add(CHAT, 1.0, 0.0)
    assert times.limit(CHAT) == float("inf")
    times.add(CHAT, 1.0, 0.0)
    assert times.limit(CHAT) == 3.0
    assert "tried again" not in AnswerTimes().describe(0.0)


def test_the_tenth_part_of_the_last_twenty_answers_may_take_longer() -> None:
    times = AnswerTimes()
    for seconds in [1.0] * 10 + [2.5] + [1.0] * 18 + [2.5] * 2:
        times.add(CHAT, seconds, 0.0)
    assert times.limit(CHAT) == 3.0


def test_a_call_that_goes_there_all_the_same_does_not_put_off_the_next_trial() -> None:
    times = known()
    for _ in range(2):
        times.add(CHAT, 9.0, 10.0)
    times.start(1, CHAT, 12.0)
    assert [times.is_slow(at) for at in (12.0, 24.9, 25.0)] == [True, True, False]
