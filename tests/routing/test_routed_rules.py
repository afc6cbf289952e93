"""Rules of a call on its way through a route: what counts for or against a deployment, and what is given back."""

from __future__ import annotations

from typing import Any

import pytest

from dhenara.ai.errors import BrokenStreamError, CallError, CallTimeoutError, NotFoundError, RateLimitError, ServerError
from dhenara.ai.http.protocol.message import Head
from dhenara.ai.pipeline.retry import Retry
from dhenara.ai.pipeline.routing.health import AVAILABLE, Failure, Health
from dhenara.ai.pipeline.routing.hedging import concurrent_request
from dhenara.ai.pipeline.routing.route_context import CallAttempts, RetryBudget
from dhenara.ai.pipeline.routing.router import Router
from dhenara.ai.types import AIModelCallConfig, ModelRoute
from support.simulated_routes import AnsweredStream, Simulation, answers, fails, in_turn, simulated_endpoint

HALF_OPEN = Health(failures=2, resting_until=0.5, failed_at=0.1)


class NotedStream(AnsweredStream):
    """A stream that may have broken, and notes that it was closed."""

    def __init__(self, error: CallError | None = None) -> None:
        super().__init__()
        self.error = error  # type: ignore[assignment]
        self.closed = False

    async def close(self) -> None:
        self.closed = True
        await super().close()


class ScriptedPipeline:
    """A deployment that answers with this stream, perhaps without a request, as a cache does."""

    def __init__(
        self,
        simulation: Simulation,
        stream: NotedStream,
        *,
        cached: bool = False,
        head: Head | None = None,
        after: Any = 0,
    ) -> None:
        self.endpoint = simulated_endpoint("a")
        self._io, self._stream, self._cached, self._head, self._after = simulation.io, stream, cached, head, after

    async def send(self, call: Any) -> Any:
        return self._stream if self._cached else await Retry(self._io).retry_failures(call, self._request)

    async def _request(self, call: Any) -> Any:
        await self._io.sleep(self._after)
        if self._head is not None:
            call.journal.head = self._head
        return self._stream


def scripted(*streams: NotedStream, hedge_after: float | None = None, **more: Any) -> Simulation:
    """A route with one deployment for each stream, in one group."""
    names = "abc"[: len(streams)]
    simulation = Simulation([names], {}, hedge_after=hedge_after, strategy="round_robin")
    after = more.pop("after", [0] * len(streams))
    pipelines = {
        index: ScriptedPipeline(simulation, stream, after=after[index], **more) for index, stream in enumerate(streams)
    }
    simulation.router = Router(simulation.io, simulation.board, pipelines, retries=RetryBudget())  # type: ignore[arg-type]
    return simulation


def at_ten(simulation: Simulation) -> Health:
    """The health of the first deployment after a call in the tenth second."""
    simulation.ask_at(10.0)
    simulation.run()
    return simulation.board.standings[0].health


def test_an_answer_from_a_cache_says_nothing_about_a_deployment_that_is_tried() -> None:
    simulation = scripted(NotedStream(), cached=True)
    simulation.board.standings[0].health = HALF_OPEN
    assert at_ten(simulation) == HALF_OPEN
    answered = scripted(NotedStream())
    answered.board.standings[0].health = HALF_OPEN
    assert at_ten(answered).state(10.0) == "available"


@pytest.mark.parametrize(
    ("error", "failures"),
    [
        (None, 0),
        (BrokenStreamError("cut"), 1),
        (CallTimeoutError("it paused", limit="idle"), 1),
        (CallTimeoutError("the time of the call is over", limit="total"), 0),
    ],
)
def test_a_stream_that_breaks_counts_unless_the_time_of_the_call_is_over(
    error: CallError | None, failures: int
) -> None:
    assert at_ten(scripted(NotedStream(error))).failures == failures


def test_of_several_limits_the_one_with_the_smallest_share_left_counts() -> None:
    headers = {
        "x-ratelimit-limit-requests": "100",
        "x-ratelimit-remaining-requests": "50",
        "x-ratelimit-reset-requests": "1s",
        "x-ratelimit-limit-tokens": "1000",
        "x-ratelimit-remaining-tokens": "100",
        "x-ratelimit-reset-tokens": "20s",
    }
    simulation = scripted(NotedStream(), head=Head(200, headers))
    at_ten(simulation)
    one = simulation.board.standings[0]
    assert (one.headroom, one.headroom_until) == (0.1, 30.0)


def test_a_limit_of_this_client_is_no_failure_of_the_deployment() -> None:
    def reached() -> CallError:
        error = RateLimitError("the limit of 5 requests is used up")
        error.code, error.retriable = "limit_reached", False
        return error

    simulation = Simulation([["a"], ["b"]], {"a": fails(reached), "b": answers()})
    assert at_ten(simulation) is AVAILABLE
    assert [*simulation.deployments_called()] == ["a", "b"]
    provider = Simulation([["a"], ["b"]], {"a": fails(lambda: RateLimitError("slow down")), "b": answers()})
    assert at_ten(provider).failures == 1


@pytest.mark.parametrize(("options", "failures"), [({}, 1), ({"previous_response_id": "resp_1"}, 0)])
def test_what_is_not_there_may_be_what_the_call_names(options: dict[str, Any], failures: int) -> None:
    missing = fails(lambda: NotFoundError("there is no such thing", status=404))
    simulation = Simulation([["a"]], {"a": missing}, config=AIModelCallConfig(options=options))
    assert at_ten(simulation).failures == failures


def test_retries_are_given_back_when_their_call_is_over() -> None:
    steps = [fails(), answers()] * 40
    simulation = Simulation([["a"]], {"a": in_turn(*steps)}, config=AIModelCallConfig(retries=3))
    simulation.ask_at(*[1000.0 * number for number in range(40)])
    assert [one.error for one in simulation.run()] == [None] * 40


def test_of_two_answers_at_the_same_time_the_second_one_is_closed() -> None:
    first, second = NotedStream(), NotedStream()
    simulation = scripted(first, second, hedge_after=1.0, after=[2.0, 1.0])
    closed_before: list[bool] = []

    async def ask() -> None:
        stream: Any = await simulation.router.route_call(simulation.call())
        closed_before.extend([first.closed, second.closed])
        await stream.close()

    assert simulation.timeline is not None
    simulation.timeline.start(ask(), 0.0)
    simulation.run()
    assert closed_before == [False, True]
    assert [one.in_flight for one in simulation.board.standings] == [0, 0]


def test_two_requests_of_a_call_have_journals_of_their_own() -> None:
    simulation = scripted(NotedStream())
    call = simulation.call()
    call.journal.layer_data["tags"] = {"team": "a"}
    pipeline: Any = ScriptedPipeline(simulation, NotedStream())
    journal = concurrent_request(simulation.io, 0, call, pipeline).call.journal
    assert (journal.attempts, journal.before_send, journal.layer_data) == ([], [], {"tags": {"team": "a"}})
    for name in ("attempts", "before_send", "layer_data"):
        assert getattr(journal, name) is not getattr(call.journal, name)


def test_attempts_are_counted_by_group_and_in_all() -> None:
    route = ModelRoute.of({"groups": [["openai/a", "openai/b"], ["openai/c"]], "attempts": 4}, "r")
    attempts = CallAttempts(route, 1)
    assert [attempts.left(group) for group in (None, 0, 1)] == [4, 3, 2]
    attempts.count(0)
    attempts.count_repetition(0)
    assert [attempts.left(group) for group in (None, 0, 1)] == [2, 1, 2]
    assert [attempts.may_repeat(group) for group in (0, 1)] == [False, True]
    attempts.count(0, -1)
    attempts.count(1)
    attempts.count(1)
    assert [attempts.left(group) for group in (None, 0, 1)] == [1, 1, 0]
    assert not attempts.may_repeat(1)
    unlimited = CallAttempts(ModelRoute.of({"groups": [["openai/a", "openai/b"], ["openai/c"]]}, "r"), 2)
    assert unlimited.left(None) == 7


def test_a_retry_budget_is_a_share_of_the_live_calls_and_always_some() -> None:
    budget = RetryBudget(share=0.5, always=1)
    assert [budget.grant(), budget.grant()] == [True, False]
    for _ in range(4):
        budget.begin()
    assert [budget.grant(), budget.grant()] == [True, False]
    budget.end(1)
    assert (budget.live, budget.retrying) == (3, 1)
    assert [budget.grant(), budget.grant()] == [True, False]


def test_a_failure_that_was_counted_names_its_kind() -> None:
    simulation = Simulation([["a"]], {"a": fails(lambda: ServerError("down", status=503))})
    health = at_ten(simulation)
    assert (health.kind, Failure("server").kind) == ("server", "server")
    assert "503" in health.reason
