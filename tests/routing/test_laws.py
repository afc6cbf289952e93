"""Laws of routes over simulated days: outages, brown-outs, rate limits, slow starts, with every strategy.

The router is the real one, on a fake clock. The slow test simulates a thousand deployment-hours for each strategy.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from dhenara.ai.errors import (
    AuthenticationError,
    BadRequestError,
    CallError,
    CallTimeoutError,
    NoDeploymentError,
    RateLimitError,
    ServerError,
)
from dhenara.ai.types import AIModelCallConfig, Candidate, RouteRequest
from support.simulated_routes import Behaviour, Simulation, answers

HOUR = 3600.0


def first_of(candidates: list[Candidate], request: RouteRequest) -> Candidate:
    """A strategy of a user."""
    return candidates[0]


STRATEGIES: list[Any] = [
    "weighted",
    "round_robin",
    "least_in_flight",
    "latency",
    "cheapest",
    "headroom",
    pytest.param(first_of, id="own function"),
]


def troubled(seed: int, hours: float) -> Behaviour:
    """A deployment with outages, brown-outs, rate limits, slow times and wrong keys at random."""
    plan = random.Random(seed)
    troubles: list[tuple[float, float, Callable[[random.Random, float], tuple[float, CallError | None]]]] = []
    at = plan.expovariate(1 / HOUR)
    while at < hours * HOUR:
        length = plan.choice([5, 30, 120, 600])
        kind = plan.choice(["outage", "brown-out", "limit", "slow", "hangs", "key"])
        troubles.append((at, at + length, trouble(kind, at + length)))
        at += length + plan.expovariate(1 / HOUR)

    def behave(now: float, chance: random.Random) -> tuple[float, CallError | None]:
        for begin, end, act in troubles:
            if begin <= now < end:
                return act(chance, now)
        return 0.2 + chance.random(), None

    return behave


def trouble(kind: str, end: float) -> Callable[[random.Random, float], tuple[float, CallError | None]]:
    def act(chance: random.Random, now: float) -> tuple[float, CallError | None]:
        match kind:
            case "outage":
                return 0.05, ServerError("down", status=503)
            case "brown-out":
                return (0.5, ServerError("overloaded", status=529)) if chance.random() < 0.5 else (1.0, None)
            case "limit":
                return 0.05, RateLimitError("slow down", status=429, retry_after=end - now)
            case "slow":
                return 5 + 10 * chance.random(), None
            case "hangs":
                return 30.0, CallTimeoutError("no answer", limit="first_token")
            case _:
                return 0.05, AuthenticationError("no key", status=401)

    return act


@cache
def simulate(strategy: Any, seed: int, hours: float = 2.0, calls: int = 1500, timeout: float = 60.0) -> Simulation:
    groups = [["a", "b", "c"], ["d", "e"]]
    behaviours = {name: troubled(seed * 100 + ord(name), hours) for group in groups for name in group}
    config = AIModelCallConfig(timeout=timeout, retry_delay=0.1)
    simulation = Simulation(groups, behaviours, strategy, config=config, seed=seed)
    times = random.Random(seed)
    simulation.ask_at(*[times.random() * hours * HOUR for _ in range(calls)])
    simulation.run()
    return simulation


@pytest.mark.parametrize("strategy", STRATEGIES, ids=str)
def test_no_resting_deployment_is_called_except_by_its_probe(strategy: Any) -> None:
    for seed in range(3):
        states = Counter(request.state for request in simulate(strategy, seed, timeout=20.0).requests)
        assert states["resting"] == states["half_open"] == 0
        assert states["probing"] > 0, "the law is about something"


@pytest.mark.parametrize("strategy", STRATEGIES, ids=str)
def test_no_call_ends_after_its_deadline(strategy: Any) -> None:
    for seed in range(3):
        simulation = simulate(strategy, seed, timeout=20.0)
        assert max(one.ended - one.began for one in simulation.outcomes) <= 20.0 + 1e-6


@pytest.mark.parametrize("strategy", STRATEGIES, ids=str)
def test_every_call_ends_with_an_answer_or_an_error_of_its_own(strategy: Any) -> None:
    simulation = simulate(strategy, 4)
    assert len(simulation.outcomes) == 1500
    assert all(one.in_flight == 0 for one in simulation.board.standings)
    failed = [one for one in simulation.outcomes if one.error is not None]
    assert len(failed) <= 15, Counter(type(one.error).__name__ for one in failed)


@pytest.mark.parametrize("strategy", STRATEGIES, ids=str)
def test_a_probe_is_alone(strategy: Any) -> None:
    """While one call tries a deployment after its rest, no other one goes there."""
    simulation = simulate(strategy, 5, calls=4000, hours=1.0)
    probes = [request for request in simulation.requests if request.state == "probing"]
    assert probes
    for probe in probes:
        others = [one for one in simulation.requests if one.index == probe.index and one is not probe]
        assert not [one for one in others if probe.at <= one.at < probe.ended]


@pytest.mark.slow
@pytest.mark.parametrize("strategy", STRATEGIES, ids=str)
def test_the_laws_hold_for_a_thousand_deployment_hours(strategy: Any) -> None:
    hours, groups = 20.0, [[f"{group}-{number}" for number in range(5)] for group in range(10)]
    behaviours = {name: troubled(seed, hours) for seed, name in enumerate(name for group in groups for name in group)}
    simulation = Simulation(groups, behaviours, strategy, config=AIModelCallConfig(timeout=60.0))
    times = random.Random(1)
    simulation.ask_at(*[times.random() * hours * HOUR for _ in range(20_000)])
    outcomes = simulation.run()
    states = Counter(request.state for request in simulation.requests)
    assert states["resting"] == states["half_open"] == 0
    assert max(one.ended - one.began for one in outcomes) <= 60.0 + 1e-6
    assert sum(one.error is not None for one in outcomes) <= 20


def test_attempts_are_never_more_than_the_budget() -> None:
    for seed in range(5):
        simulation = simulate("weighted", seed)
        assert max(one.attempts for one in simulation.outcomes) <= (3 + 2) + (2 + 2)


def test_wrong_requests_let_nothing_rest() -> None:
    def wrong(now: float, chance: random.Random) -> tuple[float, CallError | None]:
        return 0.1, BadRequestError("no messages", status=400) if chance.random() < 0.5 else None

    simulation = Simulation([["a", "b"]], {"a": wrong, "b": wrong})
    simulation.ask_at(*range(1000))
    simulation.run()
    assert {request.state for request in simulation.requests} == {"available"}
    assert all(one.health.failures == 0 for one in simulation.board.standings)


def test_shares_follow_the_weights() -> None:
    weights = {"a": 5.0, "b": 3.0, "c": 2.0, "d": 0.0}
    simulation = Simulation([["a", "b", "c", "d"]], dict.fromkeys("abcd", answers(0.1)), weights=weights, seed=7)
    calls = 10_000
    simulation.ask_at(*range(calls))
    simulation.run()
    shares = Counter(simulation.deployments_called())
    assert shares["d"] == 0
    expected = {name: calls * weight / 10 for name, weight in weights.items() if weight}
    # The sum is distributed as chi-squared with 2 degrees of freedom; it exceeds 13.8 once in a thousand.
    assert sum((shares[name] - usual) ** 2 / usual for name, usual in expected.items()) < 13.8


def test_while_one_rests_the_others_keep_their_proportions() -> None:
    weights = {"a": 5.0, "b": 3.0, "c": 2.0}
    refused = AuthenticationError("no key", status=401)
    behaviours = {"a": lambda now, chance: (0.1, refused), "b": answers(0.1), "c": answers(0.1)}
    simulation = Simulation([["a", "b", "c"]], behaviours, weights=weights, seed=3)
    simulation.ask_at(*[number / 50 for number in range(10_000)])
    simulation.run()
    shares = Counter(simulation.deployments_called())
    assert shares["a"] <= 6, "only the calls that ran when the key was refused first"
    assert shares["b"] / shares["c"] == pytest.approx(1.5, rel=0.1)


def test_round_robin_is_fair() -> None:
    simulation = Simulation([["a", "b", "c"]], dict.fromkeys("abc", answers(0.1)), "round_robin")
    simulation.ask_at(*range(300))
    simulation.run()
    assert set(Counter(simulation.deployments_called()).values()) == {100}


def test_the_fewest_running_calls_get_the_next_one() -> None:
    behaviours = {"slow": answers(10.0), "fast": answers(1.0)}
    simulation = Simulation([["slow", "fast"]], behaviours, "least_in_flight")
    simulation.ask_at(*[number / 10 for number in range(2000)])
    simulation.run()
    shares = Counter(simulation.deployments_called())
    assert shares["fast"] > 5 * shares["slow"]


def test_latency_prefers_the_fast_one_and_notices_when_that_changes() -> None:
    def changing(now: float, chance: random.Random) -> tuple[float, CallError | None]:
        return (0.2 if now < 500 else 5.0), None

    simulation = Simulation([["a", "b"]], {"a": changing, "b": answers(1.0)}, "latency")
    simulation.ask_at(*range(1000))
    simulation.run()
    first = Counter(one.index for one in simulation.requests if one.at < 500)
    later = Counter(one.index for one in simulation.requests if one.at > 520)
    assert first[0] > 20 * first[1]
    assert later[1] > 10 * later[0]


def test_calls_of_one_moment_do_not_all_wake_a_resting_deployment() -> None:
    """A hundred calls wait for the same rest: one of them tries, and the others follow its outcome."""
    limited = RateLimitError("slow down", status=429, retry_after=10.0)
    answered = {"left": 1}

    def first(now: float, chance: random.Random) -> tuple[float, CallError | None]:
        if answered["left"]:
            answered["left"] -= 1
            return 0.1, limited
        return 1.0, None

    simulation = Simulation([["a"]], {"a": first}, config=AIModelCallConfig(timeout=60))
    simulation.ask_at(0, *[1 + number / 100 for number in range(100)])
    outcomes = simulation.run()
    assert all(one.error is None for one in outcomes)
    assert [one.state for one in simulation.requests if 10 <= one.at < 11] == ["probing"]


def test_with_all_down_calls_fail_soon_and_say_why() -> None:
    down = ServerError("down", status=503)
    simulation = Simulation([["a"], ["b"]], dict.fromkeys("ab", lambda now, chance: (0.1, down)),
                            config=AIModelCallConfig(timeout=5, retries=0))  # fmt: skip
    simulation.ask_at(*range(600))
    outcomes = simulation.run()
    assert all(one.error is not None for one in outcomes)
    named = [one.error for one in outcomes if isinstance(one.error, NoDeploymentError)]
    assert len(named) > 400
    assert all("a: it rests for" in str(error) for error in named)
    assert len(simulation.requests) < 100


def test_a_simulation_repeats_itself() -> None:
    first, second = simulate("weighted", 1, calls=300), simulate("weighted", 1, calls=300)
    assert first.requests == second.requests
