"""Second requests beside slow ones, in simulated time: when they are sent, which answer is taken, what limits them."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from dhenara.ai.errors import (
    AuthenticationError,
    BadRequestError,
    CallError,
    CallTimeoutError,
    ConfigurationError,
    RateLimitError,
    ServerError,
)
from dhenara.ai.io.sync_io import run
from dhenara.ai.pipeline.routing.health import Health
from dhenara.ai.pipeline.routing.hedging import concurrent_request
from dhenara.ai.pipeline.routing.route_context import RetryBudget, RouteContext
from dhenara.ai.pipeline.routing.routed_call import RoutedCall
from dhenara.ai.types import AIModelCallConfig, Call, RemoteMCP
from support.simulated_routes import Behaviour, Simulation, answers, fails, in_turn

SLOW = answers(10.0)
FAST = answers(0.5)


def hedged(a: Behaviour, b: Behaviour, groups: Any = (["a"], ["b"]), **facts: Any) -> Simulation:
    return Simulation(groups, {"a": a, "b": b}, **{"hedge_after": 2.0, **facts})


def names(simulation: Simulation) -> list[str]:
    return [*simulation.deployments_called()]


def test_without_hedge_after_a_slow_answer_is_awaited() -> None:
    simulation = hedged(SLOW, FAST, hedge_after=None)
    simulation.ask_at(0)
    (outcome,) = simulation.run()
    assert (names(simulation), outcome.ended) == (["a"], 10.0)


def test_a_slow_first_deployment_gets_a_second_request() -> None:
    simulation = hedged(SLOW, FAST)
    simulation.ask_at(0)
    (outcome,) = simulation.run()
    assert [(one.at, one.index) for one in simulation.requests] == [(0.0, 0), (2.0, 1)]
    assert (outcome.ended, outcome.error) == (2.5, None)


def test_an_answer_in_time_is_the_only_request() -> None:
    simulation = hedged(answers(1.9), FAST)
    simulation.ask_at(0)
    (outcome,) = simulation.run()
    assert (names(simulation), outcome.ended) == (["a"], 1.9)


def test_the_first_deployment_may_still_win() -> None:
    simulation = hedged(answers(3.0), SLOW)
    call = simulation.call()
    assert simulation.timeline is not None
    simulation.timeline.start(simulation.ask(call), 0)
    (outcome,) = simulation.run()
    assert outcome.ended == 3.0
    shown = [(one.deployment, one.outcome, one.number) for one in call.journal.attempts]
    assert shown == [("b", "cancelled", 1), ("a", "answered", 2)]
    assert [one.in_flight for one in simulation.board.standings] == [0, 0]


def test_both_requests_are_attempts_of_the_answer() -> None:
    simulation = hedged(SLOW, FAST)
    call = simulation.call()
    assert simulation.timeline is not None
    simulation.timeline.start(simulation.ask(call), 0)
    simulation.run()
    first, second = call.journal.attempts
    assert (first.deployment, first.outcome, first.seconds) == ("a", "cancelled", 2.5)
    assert (second.deployment, second.outcome, second.seconds) == ("b", "answered", 0.5)
    assert second.reason == "a second request, because a had not begun to answer after 2 s"
    assert [note.message for note in call.journal.notes] == [
        "b was called as well: a second request, because a had not begun to answer after 2 s"
    ]


def test_an_answer_of_the_first_deployment_has_no_warning() -> None:
    simulation = hedged(answers(3.0), SLOW)
    call = simulation.call()
    assert simulation.timeline is not None
    simulation.timeline.start(simulation.ask(call), 0)
    simulation.run()
    assert call.journal.notes == ()


def test_a_first_deployment_that_fails_early_is_left_as_usual() -> None:
    simulation = hedged(fails(seconds=1.0), FAST, config=AIModelCallConfig(retries=0))
    simulation.ask_at(0)
    (outcome,) = simulation.run()
    assert [(one.at, one.index) for one in simulation.requests] == [(0.0, 0), (1.0, 1)]
    assert outcome.error is None


def test_a_first_deployment_that_fails_late_leaves_the_second_one_running() -> None:
    simulation = hedged(fails(seconds=3.0), answers(4.0), config=AIModelCallConfig(retries=0))
    simulation.ask_at(0)
    (outcome,) = simulation.run()
    assert (names(simulation), outcome.error, outcome.ended) == (["a", "b"], None, 6.0)
    assert simulation.board.standings[0].health.failures == 1


def test_a_second_deployment_that_fails_leaves_the_first_one_running() -> None:
    simulation = hedged(answers(5.0), fails(seconds=0.1))
    simulation.ask_at(0)
    (outcome,) = simulation.run()
    assert (names(simulation), outcome.error, outcome.ended) == (["a", "b"], None, 5.0)
    assert simulation.board.standings[1].health.failures == 1


def test_both_failing_go_on_to_a_third() -> None:
    behaviours = {"a": fails(seconds=3.0), "b": fails(seconds=3.0), "c": FAST}
    simulation = Simulation([["a", "b", "c"]], behaviours, "round_robin", hedge_after=2.0)
    call = simulation.call()
    assert simulation.timeline is not None
    simulation.timeline.start(simulation.ask(call), 0)
    (outcome,) = simulation.run()
    assert (names(simulation), outcome.error, outcome.ended) == (["a", "b", "c"], None, 5.5)
    assert [one.outcome for one in call.journal.attempts] == ["failed", "failed", "answered"]
    assert [one.number for one in call.journal.attempts] == [1, 2, 3]


def test_both_failing_for_good_raise_the_last_error_with_the_first_one_noted() -> None:
    def error(text: str) -> ServerError:
        return ServerError(text, status=503)

    first, second = fails(lambda: error("first"), 3.0), fails(lambda: error("second"), 3.0)
    simulation = hedged(first, second, config=AIModelCallConfig(retries=0))
    simulation.ask_at(0)
    (outcome,) = simulation.run()
    assert isinstance(outcome.error, ServerError)
    assert "second" in str(outcome.error)
    assert ["first" in note for note in outcome.error.__notes__] == [True]
    assert [one.in_flight for one in simulation.board.standings] == [0, 0]


def test_a_request_that_is_wrong_ends_the_call_although_a_second_one_runs() -> None:
    simulation = hedged(fails(lambda: BadRequestError("no messages"), 3.0), SLOW)
    simulation.ask_at(0)
    (outcome,) = simulation.run()
    assert isinstance(outcome.error, BadRequestError)
    assert outcome.ended == 3.0
    assert [one.in_flight for one in simulation.board.standings] == [0, 0]


def test_an_error_of_the_setup_of_the_second_deployment_does_not_matter() -> None:
    def misconfigured() -> Any:
        return ConfigurationError("no key")

    simulation = hedged(answers(5.0), fails(misconfigured, 0.1))
    call = simulation.call()
    assert simulation.timeline is not None
    simulation.timeline.start(simulation.ask(call), 0)
    (outcome,) = simulation.run()
    assert (outcome.error, outcome.ended) == (None, 5.0)
    assert [one.deployment for one in call.journal.attempts] == ["a"]


def test_a_limit_of_the_second_deployment_means_no_second_request() -> None:
    def limited() -> CallError:
        error = RateLimitError("all 5 requests of this minute are used")
        error.code = "limit_reached"
        return error

    simulation = hedged(answers(5.0), fails(limited, 0.0), attempts=3)
    call = simulation.call()
    assert simulation.timeline is not None
    simulation.timeline.start(simulation.ask(call), 0)
    (outcome,) = simulation.run()
    assert (outcome.error, outcome.ended) == (None, 5.0)
    assert [(one.deployment, one.outcome) for one in call.journal.attempts] == [("a", "answered")]
    assert simulation.board.standings[1].health == Health()


def test_a_second_request_that_is_refused_is_followed_by_one_to_another_deployment() -> None:
    """The refused one costs nothing, and its deployment rests at once, for other calls as well."""

    def limited() -> CallError:
        return RateLimitError("slow down", status=429, retry_after=30.0)

    behaviours = {"a": SLOW, "b": fails(limited, 0.1), "c": FAST}
    simulation = Simulation([["a"], ["b", "c"]], behaviours, "round_robin", hedge_after=2.0)
    call = simulation.call()
    assert simulation.timeline is not None
    simulation.timeline.start(simulation.ask(call), 0)
    simulation.ask_at(0.3)
    outcomes = simulation.run()
    assert (outcomes[0].error, outcomes[0].ended) == (None, pytest.approx(2.6))
    assert [one.index for one in simulation.requests] == [0, 0, 1, 2, 2], "the other call does not ask b again"
    shown = [(one.deployment, one.outcome, one.number) for one in call.journal.attempts]
    assert shown == [("a", "cancelled", 1), ("b", "failed", 2), ("c", "answered", 3)]
    assert simulation.board.standings[1].health.failures == 1
    assert [one.in_flight for one in simulation.board.standings] == [0, 0, 0]


def test_a_second_request_that_is_wrong_is_the_only_one() -> None:
    behaviours = {"a": answers(5.0), "b": fails(lambda: BadRequestError("no messages"), 0.1), "c": FAST}
    simulation = Simulation([["a"], ["b", "c"]], behaviours, "round_robin", hedge_after=2.0)
    simulation.ask_at(0)
    (outcome,) = simulation.run()
    assert (names(simulation), outcome.error, outcome.ended) == (["a", "b"], None, 5.0)


def test_refused_second_requests_end_with_the_deployments_and_the_attempts() -> None:
    behaviours = {"a": answers(5.0), **dict.fromkeys("bcd", fails(seconds=0.1))}
    simulation = Simulation([["a"], ["b", "c", "d"]], behaviours, "round_robin", hedge_after=2.0)
    simulation.ask_at(0)
    (outcome,) = simulation.run()
    assert (names(simulation), outcome.error, outcome.ended) == (["a", "b", "c", "d"], None, 5.0)
    simulation = Simulation([["a"], ["b", "c", "d"]], behaviours, "round_robin", hedge_after=2.0, attempts=2)
    simulation.ask_at(0)
    (outcome,) = simulation.run()
    assert (names(simulation), outcome.error) == (["a", "b"], None)


def test_one_deadline_holds_for_both() -> None:
    simulation = hedged(SLOW, SLOW, config=AIModelCallConfig(timeout=5))
    simulation.ask_at(0)
    (outcome,) = simulation.run()
    assert isinstance(outcome.error, CallTimeoutError)
    assert (names(simulation), outcome.ended) == (["a", "b"], 5.0)


def test_a_deadline_before_the_delay_leaves_no_time_for_a_second_request() -> None:
    simulation = hedged(SLOW, FAST, config=AIModelCallConfig(timeout=1.5))
    simulation.ask_at(0)
    (outcome,) = simulation.run()
    assert isinstance(outcome.error, CallTimeoutError)
    assert names(simulation) == ["a"]


def test_a_resting_deployment_is_no_second_one() -> None:
    simulation = hedged(SLOW, FAST)
    simulation.board.standings[1].health = Health(failures=1, resting_until=100.0, failed_at=0.0)
    simulation.ask_at(0)
    simulation.run()
    assert names(simulation) == ["a"]


def test_a_deployment_that_needs_a_probe_is_no_second_one() -> None:
    simulation = hedged(SLOW, FAST)
    simulation.board.standings[1].health = Health(failures=1, resting_until=0.5, failed_at=0.0)
    simulation.board.standings[0].health = Health()
    simulation.ask_at(1)
    simulation.run()
    assert names(simulation) == ["a"]


def test_a_slow_probe_gets_a_second_request_and_the_next_call_tries_again() -> None:
    simulation = hedged(SLOW, FAST)
    simulation.board.standings[0].health = Health(failures=2, resting_until=0.5, failed_at=0.0)
    simulation.ask_at(1)
    (outcome,) = simulation.run()
    assert (names(simulation), outcome.ended) == (["a", "b"], 3.5)
    assert simulation.board.standings[0].health.state(4.0) == "half_open"


def test_attempts_of_the_route_limit_second_requests_as_well() -> None:
    simulation = hedged(SLOW, FAST, attempts=1)
    simulation.ask_at(0)
    (outcome,) = simulation.run()
    assert (names(simulation), outcome.ended) == (["a"], 10.0)


def test_second_requests_are_a_share_of_the_live_calls() -> None:
    """A hundred calls at once to a slow deployment: a fifth of them may get a second request."""
    simulation = hedged(SLOW, answers(60.0))
    simulation.ask_at(*[number / 10_000 for number in range(100)])
    simulation.run()
    assert Counter(names(simulation))["b"] == 20


def test_a_provider_that_runs_tools_of_servers_does_not_run_them_twice() -> None:
    tools = [RemoteMCP(name="files", url="https://mcp.example/")]
    simulation = hedged(SLOW, FAST, config=AIModelCallConfig(tools=tools))
    simulation.ask_at(0)
    simulation.run()
    assert names(simulation) == ["a"]


def test_the_second_deployment_is_chosen_by_the_strategy_of_the_group() -> None:
    behaviours = {"a": SLOW, "b": SLOW, "c": FAST}
    weights = {"a": 1e9, "b": 1e-9, "c": 1.0}
    simulation = Simulation([["a", "b", "c"]], behaviours, weights=weights, hedge_after=2.0)
    simulation.ask_at(0)
    simulation.run()
    assert names(simulation) == ["a", "c"]


def test_a_deployment_that_loses_to_second_requests_counts_as_slow() -> None:
    """Without that, the strategy `latency` would go on to prefer it: its answers never begin."""
    behaviours = {"a": in_turn(answers(0.1), SLOW), "b": answers(1.0)}
    simulation = Simulation([["a", "b"]], behaviours, "latency", hedge_after=2.0, seed=4)
    simulation.ask_at(*range(0, 600, 5))
    simulation.run()
    late = Counter(one.index for one in simulation.requests if one.at > 300)
    assert late[1] > 10 * late[0]


def test_a_cancelled_call_ends_both_requests() -> None:
    simulation = hedged(SLOW, SLOW)
    work = simulation.ask(simulation.call())
    assert simulation.timeline is not None
    simulation.timeline.start(work, 0)

    async def cancel() -> None:
        work.close()

    simulation.timeline.start(cancel(), 5.0)
    simulation.run()
    assert (names(simulation), simulation.timeline.now) == (["a", "b"], 5.0)
    assert [one.in_flight for one in simulation.board.standings] == [0, 0]


@pytest.mark.parametrize("seed", range(4))
def test_laws_hold_with_second_requests(seed: int) -> None:
    """No resting deployment is called, no call ends after its deadline, attempts and in-flight counts are right."""
    plan = random.Random(seed)

    def troubled(now: float, chance: random.Random) -> tuple[float, CallError | None]:
        match plan.choice(["fast", "fast", "slow", "down", "limit", "key"]):
            case "fast":
                return chance.random(), None
            case "slow":
                return 30.0 * chance.random(), None
            case "down":
                return 5.0 * chance.random(), ServerError("down", status=503)
            case "limit":
                return 0.1, RateLimitError("slow down", status=429, retry_after=5.0)
            case _:
                return 0.1, AuthenticationError("no key") if plan.random() < 0.01 else None

    behaviours: dict[str, Behaviour] = dict.fromkeys("abcd", troubled)
    config = AIModelCallConfig(timeout=20.0)
    simulation = Simulation([["a", "b"], ["c", "d"]], behaviours, config=config, hedge_after=1.0, seed=seed)
    simulation.ask_at(*[plan.random() * 2000 for _ in range(1500)])
    outcomes = simulation.run()
    assert len(outcomes) == 1500
    assert not {one.state for one in simulation.requests} & {"resting", "half_open"}
    assert max(one.ended - one.began for one in outcomes) <= 20.0 + 1e-6
    assert max(one.attempts for one in outcomes) <= (2 + 2) + (2 + 2)
    assert [one.in_flight for one in simulation.board.standings] == [0] * 4
    assert all(one.health.state(1e9) != "probing" for one in simulation.board.standings)
    assert sum(one.attempts for one in outcomes) >= len(simulation.requests)


def test_a_request_that_is_left_behind_takes_nothing_of_the_retry_budget() -> None:
    """It may go on in a thread that cannot be interrupted, after the call has ended."""
    simulation = hedged(SLOW, FAST)
    budget = RetryBudget()
    context = RouteContext(simulation.io, simulation.board, {}, retries=budget)
    routed = RoutedCall(context, simulation.call())
    gate = routed.gate(0, moves=False, is_probe=False)
    routed.is_over = True
    assert not gate.allow(ServerError("down"))
    assert budget.retrying == 0


def test_an_answer_that_arrives_when_nobody_waits_any_more_is_closed() -> None:
    simulation = hedged(SLOW, FAST)
    closed: list[str] = []

    class Late:
        """A deployment whose answer arrives after the call has ended."""

        endpoint = simulation.route.deployments[0].endpoint

        async def send(self, call: Call) -> Any:
            class Arrived:
                async def close(self) -> None:
                    closed.append("closed")

            return Arrived()

    request = concurrent_request(simulation.io, 0, simulation.call(), Late())
    request.settle(None)
    run(request.run())
    assert (closed, request.stream) == (["closed"], None)
