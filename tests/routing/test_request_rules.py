"""Rules of single requests of a routed call: repetitions, second requests, shadow traffic and what they leave."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from ai_utilities.cache import CacheLayer, MemoryCache
from dhenara.ai import AIModelClient
from dhenara.ai.errors import BrokenStreamError, CallError, CallTimeoutError, RateLimitError, ServerError
from dhenara.ai.io.sync_io import BlockingIO, run
from dhenara.ai.pipeline.routing.decision import decide
from dhenara.ai.pipeline.routing.health import AVAILABLE, Health
from dhenara.ai.pipeline.routing.hedging import run_hedged
from dhenara.ai.pipeline.routing.route_context import (
    DeploymentGate,
    RetryBudget,
    RouteContext,
    adapt_call,
    read_call,
)
from dhenara.ai.pipeline.routing.routed_call import RoutedCall
from dhenara.ai.pipeline.routing.router import Router
from dhenara.ai.testing import Answer, CutReply, DialectReply, FakeServer
from dhenara.ai.types import AIModelCallConfig, Call, Deployment, RunLimits, ShadowResult, Timeouts
from support.simulated_routes import AnsweredStream, Simulation, answers, simulated_endpoint
from support.worlds import endpoint

RESTING = Health(failures=2, resting_until=1000.0, failed_at=0.1)
HALF_OPEN = Health(failures=2, resting_until=0.5, failed_at=0.1)


def allows(error: CallError, health: Health = AVAILABLE, *, moves: bool = False, granted: bool = True) -> bool:
    """Whether a request may be repeated at its deployment; a granted repetition is counted."""
    counted: list[int] = []
    standing: Any = SimpleNamespace(group=0, health=health)
    attempts: Any = SimpleNamespace(may_repeat=lambda group: True, count_repetition=counted.append)
    io: Any = SimpleNamespace(monotonic=lambda: 10.0)
    gate = DeploymentGate(io, standing, attempts, lambda: granted, moves=moves, is_probe=False)
    allowed = gate.allow(error)
    assert counted == [0] * allowed
    return allowed


def test_a_request_is_repeated_where_no_other_deployment_is_and_this_one_does_not_rest() -> None:
    down = ServerError("down")
    assert allows(down)
    assert not allows(down, moves=True)
    assert not allows(down, granted=False)
    assert not allows(down, RESTING)
    assert not allows(RateLimitError("slow down"))


@pytest.mark.parametrize(
    ("options", "provider", "left"), [({"a": 1}, "openai", {"a": 1}), ({"a": 1}, "groq", {}), ({}, "groq", {})]
)
def test_options_of_one_provider_are_not_sent_to_another(options: Any, provider: str, left: Any) -> None:
    call = Call(endpoint("http://127.0.0.1:9"), (), AIModelCallConfig(options=options))
    adapted = adapt_call(call, endpoint("http://127.0.0.1:9", provider))
    assert adapted.config.options == left
    assert [note.parameter for note in call.journal.notes] == (["options"] if options != left else [])


def routed(*names: str) -> tuple[Simulation, RoutedCall]:
    simulation = Simulation([names], dict.fromkeys(names, answers()), config=AIModelCallConfig(retries=1))
    context = RouteContext(simulation.io, simulation.board, {}, retries=RetryBudget())
    return simulation, RoutedCall(context, simulation.call())


def test_a_second_request_that_was_not_sent_gives_its_attempt_back() -> None:
    _, call = routed("a", "b")
    before = call.attempts.left(0)
    call.attempts.count(0)
    unsent: Any = SimpleNamespace(status="not sent", index=1)
    run(call.record_hedged(unsent))
    assert call.attempts.left(0) == before


def test_a_deployment_that_cannot_take_the_call_is_no_other_one_to_go_on_to() -> None:
    simulation, call = routed("a", "b", "c")
    simulation.board.standings[0].health = HALF_OPEN
    facts = read_call(call.context, simulation.call())
    facts.unfit[1] = "too small"
    decision = decide(simulation.route, simulation.board.standings, facts, 10.0, 0.5)
    assert (decision.index, decision.is_probe, decision.others) == (0, True, (2,))


class Branches:
    """Two requests that run beside each other until the caller is cancelled."""

    def __init__(self, on_wait: Callable[[], None]) -> None:
        self.on_wait = on_wait

    async def __aenter__(self) -> Branches:
        return self

    async def __aexit__(self, *_: object) -> None: ...

    def start(self, work: Any) -> None: ...

    async def wait(self, seconds: float | None) -> bool:
        self.on_wait()
        return False


def test_a_call_that_is_cancelled_abandons_the_answer_that_has_just_begun() -> None:
    abandoned: list[str] = []
    settled: list[Any] = []
    request: Any = SimpleNamespace(stream=None, settle=settled.append, run=None)

    def cancel() -> None:
        request.stream = SimpleNamespace(abandon=lambda: abandoned.append("answer"))
        raise KeyboardInterrupt

    request.io = SimpleNamespace(branches=lambda: Branches(cancel))
    with pytest.raises(KeyboardInterrupt):
        run(run_hedged([request], 1.0, lambda requests: pytest.fail("no second request")))
    assert (abandoned, settled) == (["answer"], [None])


def test_a_probe_that_ends_with_an_error_of_a_layer_is_given_back() -> None:
    simulation = Simulation(["ab"], {}, hedge_after=1.0, strategy="round_robin")

    class Raises:
        endpoint = simulated_endpoint("a")

        async def send(self, call: Any) -> Any:
            raise ValueError("of a layer")

    pipelines: Any = {0: Raises(), 1: Raises()}
    simulation.router = Router(simulation.io, simulation.board, pipelines, retries=RetryBudget())
    simulation.board.standings[0].health = HALF_OPEN
    failed: list[BaseException] = []

    async def ask() -> None:
        try:
            await simulation.router.route_call(simulation.call())
        except ValueError as error:
            failed.append(error)

    assert simulation.timeline is not None
    simulation.timeline.start(ask(), 10.0)
    simulation.run()
    assert len(failed) == 1
    assert simulation.board.standings[0].health.state(10.0) == "half_open"


def test_an_answer_that_the_time_of_the_call_ends_is_no_failure_however_long_it_took() -> None:
    simulation = Simulation(["a"], {}, config=AIModelCallConfig(timeout=Timeouts(total=20)))
    timeout = CallTimeoutError("the time of the call is over", limit="total")

    class Slow(AnsweredStream):
        error = timeout  # type: ignore[assignment]

        async def close(self) -> None:
            await simulation.io.sleep(19.0)
            await super().close()

    class Answering:
        endpoint = simulated_endpoint("a")

        async def send(self, call: Any) -> Any:
            return Slow()

    pipelines: Any = {0: Answering()}
    simulation.router = Router(simulation.io, simulation.board, pipelines, retries=RetryBudget())
    simulation.ask_at(10.0)
    simulation.run()
    assert simulation.board.standings[0].health.failures == 0


def shadowed(server: FakeServer, spare: FakeServer, results: list[ShadowResult], **more: Any) -> AIModelClient:
    """A client whose calls also go to a candidate, and that waits for it when it is closed."""
    shadow = {
        "deployment": Deployment(endpoint=endpoint(spare.url, model="fake-2"), name="candidate"),
        "share": more.pop("share", 1),
        "observer": results.append,
        "wait_on_close": 60.0,
    }
    main = Deployment(endpoint=endpoint(server.url), name="main")
    return AIModelClient.routed({"groups": [main], "name": "smart", "shadow": shadow}, **more)


HELLO = Answer(text="Hello, all of you!")


def test_answers_from_a_cache_and_broken_ones_are_not_compared(server: FakeServer) -> None:
    server.add_replies(HELLO, CutReply(DialectReply(HELLO), 3))
    results: list[ShadowResult] = []
    layers = [CacheLayer(MemoryCache())]
    with FakeServer(HELLO, forever=True) as spare, shadowed(server, spare, results, layers=layers) as client:
        client.generate("?")
        assert client.generate("?").chat_response.cached
        with pytest.raises(BrokenStreamError):
            list(client.generate("!", streaming=True, retries=0).text_stream)
    assert [one.error for one in results] == [None]


@pytest.mark.parametrize(("chance", "count"), [(0.49, 1), (0.5, 0)])
def test_a_share_of_the_calls_is_shadowed(
    chance: float, count: int, monkeypatch: pytest.MonkeyPatch, server: FakeServer
) -> None:
    monkeypatch.setattr(BlockingIO, "random", lambda self: chance)
    server.add_replies(HELLO)
    results: list[ShadowResult] = []
    with FakeServer(HELLO, forever=True) as spare:
        with shadowed(server, spare, results, share=0.5) as client:
            client.generate("?")
        assert (len(results), len(spare.exchanges)) == (count, count)


def test_the_time_limit_of_a_run_is_not_that_of_the_candidate(server: FakeServer) -> None:
    limited: dict[str, bool] = {}

    async def note(call: Call, send: Any) -> Any:
        limited[call.purpose] = call.deadline is not None
        return await send(call)

    server.add_replies(HELLO)
    with FakeServer(HELLO, forever=True) as spare, shadowed(server, spare, [], layers=[note]) as client:
        client.run("?", limits=RunLimits(seconds=60))
    assert limited == {"answer": True, "shadow": False}


def test_a_call_may_go_on_to_a_deployment_that_answers_slowly() -> None:
    simulation, call = routed("a", "b")
    times = simulation.board.standings[1].times
    times.slow_from, times.slow_until = 0.0, 100.0
    facts = read_call(call.context, simulation.call())
    decision = decide(simulation.route, simulation.board.standings, facts, 10.0, 0.5)
    assert (decision.index, decision.others) == (0, (1,))
