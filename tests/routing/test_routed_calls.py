"""Calls along a route, in simulated time: moves, waits, probes, budgets."""

from __future__ import annotations

from typing import Any

import pytest

from dhenara.ai.errors import (
    AuthenticationError,
    BadRequestError,
    CallTimeoutError,
    ConfigurationError,
    ContextLengthError,
    NoDeploymentError,
    RateLimitError,
    ServerError,
)
from dhenara.ai.io.sync_io import run
from dhenara.ai.pipeline.routing.health import Health
from dhenara.ai.pipeline.routing.route_context import RetryBudget
from dhenara.ai.types import AIModelCallConfig, Candidate, RouteRequest
from support.simulated_routes import Simulation, answers, down_between, fails, in_turn


def limited(seconds: float) -> RateLimitError:
    return RateLimitError("slow down", status=429, retry_after=seconds)


def test_five_calls_touch_a_limited_deployment_once() -> None:
    first = in_turn(fails(lambda: limited(30)), answers())
    simulation = Simulation([["a"], ["b"]], {"a": first, "b": answers()})
    simulation.ask_at(0, 5, 10, 20, 29)
    simulation.run()
    assert [*simulation.deployments_called()] == ["a", "b", "b", "b", "b", "b"]


def test_after_its_rest_one_call_tries_it_and_the_others_follow() -> None:
    first = in_turn(fails(lambda: limited(30)), answers(2.0))
    simulation = Simulation([["a"], ["b"]], {"a": first, "b": answers()})
    simulation.ask_at(0, 31, 31.1, 31.2, 40, 41)
    simulation.run()
    after = [(one.index, one.state) for one in simulation.requests if one.at >= 30]
    assert after == [(0, "probing"), (1, "available"), (1, "available"), (0, "available"), (0, "available")]


def test_a_wrong_request_counts_against_nobody_and_goes_nowhere_else() -> None:
    simulation = Simulation([["a"], ["b"]], {"a": fails(lambda: BadRequestError("no messages")), "b": answers()})
    simulation.ask_at(*range(5))
    outcomes = simulation.run()
    assert {type(one.error) for one in outcomes} == {BadRequestError}
    assert [*simulation.deployments_called()] == ["a"] * 5


def test_a_prompt_that_is_too_long_goes_on_and_counts_against_nobody() -> None:
    simulation = Simulation([["a"], ["b"]], {"a": fails(lambda: ContextLengthError("too long")), "b": answers()})
    simulation.ask_at(0, 10)
    simulation.run()
    assert [*simulation.deployments_called()] == ["a", "b", "a", "b"]


def test_a_key_that_is_not_accepted_is_not_tried_again() -> None:
    simulation = Simulation([["a"], ["b"]], {"a": fails(lambda: AuthenticationError("no key")), "b": answers()})
    simulation.ask_at(*range(0, 290, 10))
    simulation.run()
    assert [*simulation.deployments_called()].count("a") == 1


def test_a_key_that_works_again_is_detected_by_a_probe() -> None:
    first = in_turn(fails(lambda: AuthenticationError("no key")), answers())
    simulation = Simulation([["a"], ["b"]], {"a": first, "b": answers()})
    simulation.ask_at(0, 100, 301, 302)
    simulation.run()
    assert [*simulation.deployments_called()] == ["a", "b", "b", "a", "a"]


def test_a_server_that_is_down_is_tried_less_and_less() -> None:
    simulation = Simulation([["a"], ["b"]], {"a": fails(), "b": answers()}, config=AIModelCallConfig(retries=0))
    simulation.ask_at(*range(300))
    outcomes = simulation.run()
    assert all(one.error is None for one in outcomes)
    assert [*simulation.deployments_called()].count("a") < 15


def test_with_every_deployment_resting_the_soonest_is_awaited() -> None:
    behaviours = {
        "a": in_turn(fails(lambda: limited(30)), answers()),
        "b": in_turn(fails(lambda: limited(10)), answers()),
    }
    simulation = Simulation([["a"], ["b"]], behaviours)
    simulation.ask_at(0)
    (outcome,) = simulation.run()
    assert outcome.error is None
    assert [*simulation.deployments_called()] == ["a", "b", "b"]
    assert 10 < outcome.ended < 11


def test_a_call_without_time_to_wait_gets_an_error_that_names_each() -> None:
    behaviours = {"a": fails(lambda: limited(30)), "b": fails(lambda: limited(50))}
    simulation = Simulation([["a"], ["b"]], behaviours, config=AIModelCallConfig(timeout=5))
    simulation.ask_at(0, 2)
    first, second = simulation.run()
    assert isinstance(first.error, RateLimitError)
    assert isinstance(second.error, NoDeploymentError)
    assert "a: it rests for 28" in str(second.error)
    assert "b: it rests for 48" in str(second.error)
    assert "slow down" in str(second.error)
    assert second.error.retry_after == pytest.approx(28.0, abs=0.2)
    assert [one.state for one in second.error.deployments] == ["resting", "resting"]
    assert second.ended == pytest.approx(2.0)


def test_no_call_waits_for_a_key_that_is_not_accepted() -> None:
    refused = fails(lambda: AuthenticationError("no key"))
    simulation = Simulation([["a"]], {"a": refused}, config=AIModelCallConfig(timeout=1000))
    simulation.ask_at(0, 1)
    first, second = simulation.run()
    assert isinstance(first.error, AuthenticationError)
    assert isinstance(second.error, NoDeploymentError)
    assert second.ended == 1


def test_one_deadline_holds_for_waits_and_deployments() -> None:
    behaviours = {"a": fails(lambda: limited(2)), "b": answers(60.0)}
    simulation = Simulation([["a"], ["b"]], behaviours, config=AIModelCallConfig(timeout=5))
    simulation.ask_at(0)
    (outcome,) = simulation.run()
    assert isinstance(outcome.error, CallTimeoutError)
    assert outcome.ended == pytest.approx(5.0)


def test_within_a_group_a_retry_goes_to_another_deployment_at_once() -> None:
    simulation = Simulation([["a", "b"]], {"a": fails(), "b": answers()}, strategy="round_robin")
    simulation.ask_at(0)
    (outcome,) = simulation.run()
    assert [*simulation.deployments_called()] == ["a", "b"]
    assert outcome.ended == pytest.approx(0.6)


def test_the_last_deployment_of_a_group_is_tried_again_after_a_pause() -> None:
    simulation = Simulation([["a", "b"]], {"a": fails(), "b": in_turn(fails(), answers())}, strategy="round_robin")
    simulation.ask_at(0)
    (outcome,) = simulation.run()
    assert [*simulation.deployments_called()] == ["a", "b", "b"]
    assert outcome.error is None


def test_retries_and_moves_share_the_attempts_of_each_group() -> None:
    behaviours = dict.fromkeys("abcdef", fails())
    simulation = Simulation([["a", "b", "c", "d"], ["e", "f"]], behaviours, strategy="round_robin")
    simulation.ask_at(0)
    (outcome,) = simulation.run()
    assert "".join(simulation.deployments_called()) == "abcddd" + "efff"
    assert outcome.attempts == 10


def test_attempts_of_the_route_limit_all_groups_together() -> None:
    simulation = Simulation([["a"], ["b"]], {"a": fails(), "b": fails()}, attempts=2)
    simulation.ask_at(0)
    (outcome,) = simulation.run()
    assert isinstance(outcome.error, ServerError)
    assert outcome.attempts == 2


def test_a_storm_of_retries_is_capped() -> None:
    """A thousand calls at once, against servers that all fail: retries are a fifth of them, not twice as many."""
    simulation = Simulation([["a"]], {"a": fails(seconds=1.0)})
    simulation.ask_at(*[number / 1000 for number in range(1000)])
    simulation.run()
    assert len(simulation.requests) <= 1000 * 1.5


def test_the_retry_budget_is_a_share_of_the_live_calls() -> None:
    budget = RetryBudget(share=0.2, always=2)
    for _ in range(20):
        budget.begin()
    assert [budget.grant() for _ in range(6)] == [True] * 4 + [False] * 2
    budget.end(4)
    assert budget.grant()


def test_a_strategy_of_the_user_chooses_by_function() -> None:
    def longest_name(candidates: list[Candidate], request: RouteRequest) -> Candidate:
        assert request.input_tokens > 0
        return max(candidates, key=lambda one: len(one.deployment.name))

    behaviours = {"a": answers(), "bbb": answers(), "cc": answers()}
    simulation = Simulation([["a", "bbb", "cc"]], behaviours, strategy=longest_name)
    simulation.ask_at(0, 1)
    simulation.run()
    assert [*simulation.deployments_called()] == ["bbb", "bbb"]


def test_a_strategy_that_returns_something_else_is_an_error() -> None:
    simulation = Simulation([["a", "b"]], {"a": answers(), "b": answers()}, strategy=lambda candidates, request: "c")
    simulation.ask_at(0)
    with pytest.raises(
        ConfigurationError, match=r"route 'simulated': .* returned str 'c', which is none of its candidates"
    ):
        simulation.run()


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        (lambda candidates, request: 1 / 0, "route 'simulated': the strategy '<lambda>' raised ZeroDivisionError"),
        (lambda candidates: candidates[0], "route 'simulated': the strategy '<lambda>' raised TypeError"),
        (
            lambda candidates, request: None,
            "route 'simulated': the strategy '<lambda>' returned NoneType, which is none",
        ),
        (lambda candidates, request: 0, "returned int, which is none of its candidates"),
    ],
)
def test_an_error_of_a_strategy_names_the_route(strategy: Any, message: str) -> None:
    simulation = Simulation([["a", "b"]], {"a": answers(), "b": answers()}, strategy=strategy)
    simulation.ask_at(0)
    with pytest.raises(ConfigurationError, match=message):
        simulation.run()
    assert [one.in_flight for one in simulation.board.standings] == [0, 0]


def warnings_of(simulation: Simulation) -> list[str]:
    """Send one call; return the warnings of its answer."""
    call = simulation.call()
    assert simulation.timeline is not None
    simulation.timeline.start(simulation.ask(call), simulation.timeline.now)
    assert simulation.run()[-1].error is None
    return [note.message for note in call.journal.notes]


def test_an_answer_of_the_preferred_deployment_after_all_has_no_warning() -> None:
    """The whole group was limited, and the call waited for the first one of it."""
    behaviours = {"a": in_turn(fails(lambda: limited(5)), answers()), "b": fails(lambda: limited(60))}
    assert warnings_of(Simulation([["a", "b"]], behaviours, strategy="round_robin")) == []
    behaviours = {"a": in_turn(fails(lambda: limited(5)), answers()), "b": fails(lambda: limited(60))}
    assert warnings_of(Simulation([["a"], ["b"]], behaviours)) == []


def test_an_answer_from_elsewhere_has_one_warning_for_each_that_would_have_come_before() -> None:
    behaviours = {"a": fails(lambda: limited(60)), "b": in_turn(fails(lambda: limited(5)), answers()), "c": answers()}
    (text,) = warnings_of(Simulation([["a", "b"]], dict(behaviours), strategy="round_robin"))
    assert text == "a fallback endpoint answered because openai (a) failed: slow down"
    behaviours["b"] = fails(lambda: limited(60))
    assert warnings_of(Simulation([["a"], ["b"], ["c"]], behaviours)) == [
        "a fallback endpoint answered because openai (a) failed: slow down",
        "a fallback endpoint answered because openai (b) failed: slow down",
    ]


def test_a_deployment_that_rested_and_answers_after_all_has_no_warning() -> None:
    """It rested when the call began; the one after it failed, and the call waited for it."""
    simulation = Simulation([["a"], ["b"]], {"a": answers(), "b": fails(lambda: limited(60))})
    simulation.board.standings[0].health = Health(failures=1, resting_until=5.0, failed_at=0.0)
    assert warnings_of(simulation) == []


def test_a_cancelled_probe_leaves_the_next_call_to_try() -> None:
    first = in_turn(fails(lambda: limited(10)), answers())
    simulation = Simulation([["a"], ["b"]], {"a": first, "b": answers()})
    simulation.ask_at(0)
    simulation.run()
    assert simulation.timeline is not None
    simulation.timeline.now = 20.0
    work = simulation.router.route_call(simulation.call())
    work.send(None)
    assert simulation.board.standings[0].health.state(20.0) == "probing"
    work.close()
    assert simulation.board.standings[0].health.state(20.0) == "half_open"
    assert [one.in_flight for one in simulation.board.standings] == [0, 0]


def test_an_outage_ends_for_all_calls_when_the_probe_answers() -> None:
    behaviours = {"a": down_between((10.0, 60.0)), "b": answers()}
    simulation = Simulation([["a"], ["b"]], behaviours, config=AIModelCallConfig(retries=0))
    simulation.ask_at(*[number / 2 for number in range(400)])
    outcomes = simulation.run()
    assert all(one.error is None for one in outcomes)
    assert {one.index for one in simulation.requests if one.at > 130} == {0}


def test_a_pause_before_a_retry_ends_elsewhere_if_the_deployment_rests_meanwhile() -> None:
    behaviours = {"a": in_turn(fails(), fails(lambda: limited(30)), answers()), "b": answers()}
    simulation = Simulation([["a"], ["b"]], behaviours, config=AIModelCallConfig(retry_delay=2.0))
    simulation.ask_at(0, 0.2)
    outcomes = simulation.run()
    assert [*simulation.deployments_called()] == ["a", "a", "b", "b"]
    assert all(one.error is None for one in outcomes)


def test_moves_to_a_deployment_that_fails_as_well_are_capped() -> None:
    """The second one has not answered since its last failure: a fifth of the calls may go on to it at once."""
    behaviours = {"a": fails(), "b": answers(10.0)}
    simulation = Simulation([["a"], ["b"]], behaviours, config=AIModelCallConfig(retries=0))
    simulation.board.standings[1].health = Health(failures=1, failed_at=0.0)
    simulation.ask_at(*[number / 10_000 for number in range(100)])
    simulation.run()
    assert [*simulation.deployments_called()].count("b") == 20


def test_moves_to_a_deployment_that_answers_are_free() -> None:
    behaviours = {"a": fails(), "b": answers(10.0)}
    simulation = Simulation([["a"], ["b"]], behaviours, config=AIModelCallConfig(retries=0))
    simulation.ask_at(*[number / 10_000 for number in range(100)])
    assert all(one.error is None for one in simulation.run())


def test_only_one_of_two_threads_gets_the_probe() -> None:
    simulation = Simulation([["a"]], {"a": answers()})
    simulation.board.standings[0].health = Health(failures=2, resting_until=1.0, failed_at=0.5)
    simulation.io.timeline.now = 2.0
    assert [run(simulation.board.claim_probe(simulation.io, 0)) for _ in range(2)] == [True, False]


def test_a_pause_before_a_retry_does_not_take_the_place_of_a_probe() -> None:
    """The deployment rested meanwhile, and its rest is over: one call tries it, and says so."""
    behaviours = {"a": in_turn(fails(), fails(lambda: limited(0.2)), answers()), "b": answers()}
    simulation = Simulation([["a"], ["b"]], behaviours, config=AIModelCallConfig(retry_delay=2.0))
    simulation.ask_at(0, 0.2)
    outcomes = simulation.run()
    assert all(one.error is None for one in outcomes)
    assert {one.state for one in simulation.requests} <= {"available", "probing"}


def test_attempts_for_deployments_that_rest_are_left_to_them() -> None:
    """The last available one is repeated as often as `retries` says; then the call waits for those that rest."""
    behaviours = {"a": answers(), "b": answers(), "c": fails()}
    simulation = Simulation([["a", "b", "c"]], behaviours, "round_robin", config=AIModelCallConfig(timeout=60))
    for one in simulation.board.standings[:2]:
        one.health = Health(failures=1, resting_until=20.0, failed_at=0.0)
    simulation.ask_at(1)
    (outcome,) = simulation.run()
    assert "".join(simulation.deployments_called()) == "ccca"
    assert outcome.error is None
