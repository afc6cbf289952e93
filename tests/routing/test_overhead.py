"""What routes cost: no Python call for clients without one, and few for a decision, whatever the machine."""

from __future__ import annotations

from pathlib import Path

from dhenara.ai import AIModelClient
from dhenara.ai.pipeline.routing.board import HealthBoard
from dhenara.ai.pipeline.routing.decision import RouteCall, decide
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import ModelRoute, RouteRequest
from support.counted_calls import count_calls
from support.simulated_routes import simulated_endpoint
from support.worlds import endpoint


def test_a_call_without_a_route_does_not_enter_the_routing_code(server: FakeServer) -> None:
    server.add_replies(Answer(text="Hello!"), Answer(text="Hello!"))
    with AIModelClient(endpoint(server.url)) as client:
        client.generate("?")
        called = count_calls(lambda: client.generate("?")).files
    assert called
    assert not [name for name in called if "pipeline/routing" in Path(name).as_posix()]


def test_a_decision_among_twenty_deployments_makes_few_calls() -> None:
    group = {"deployments": [simulated_endpoint(f"model-{number}") for number in range(20)]}
    for strategy in ("weighted", "round_robin", "least_in_flight", "latency", "headroom"):
        route = ModelRoute.of([{**group, "strategy": strategy}])
        board, call = HealthBoard(route), RouteCall(RouteRequest())
        called = count_calls(lambda: decide(route, board.standings, call, 1.0, 0.5))  # noqa: B023  # called here
        assert called.python <= 50
