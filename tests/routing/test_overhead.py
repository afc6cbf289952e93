"""What routes cost: no Python call for clients without one, and few for a decision, whatever the machine."""

from __future__ import annotations

import threading
from pathlib import Path

from dhenara.ai import AIModelClient
from dhenara.ai.io.sync_io import BlockingIO
from dhenara.ai.pipeline.routing.board import HealthBoard
from dhenara.ai.pipeline.routing.decision import RouteCall, decide
from dhenara.ai.pipeline.routing.route_context import RouteContext, read_call
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import AIModelCallConfig, Call, ModelRoute, RouteRequest, TextContent
from dhenara.ai.types.chat.message import Message
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


def test_reading_a_call_and_deciding_makes_few_calls_for_twenty_deployments() -> None:
    """11 to 13 µs on the machine of docs/routing.md; what a machine needs is not tested here."""
    group = {"deployments": [simulated_endpoint(f"model-{number}") for number in range(20)]}
    for strategy in ("weighted", "round_robin", "least_in_flight", "latency", "headroom", "cheapest"):
        route = ModelRoute.of([{**group, "strategy": strategy}])
        board = HealthBoard(route)
        context = RouteContext(BlockingIO(), board, {})
        message = Message(role="user", contents=[TextContent(text="Hello")])
        call = Call(route.deployments[0].endpoint, (message,), AIModelCallConfig())
        read_call(context, call)
        called = count_calls(lambda: decide(route, board.standings, read_call(context, call), 1.0, 0.5))  # noqa: B023  # called here
        assert called.python <= 110


def test_a_route_without_second_requests_and_shadow_traffic_enters_no_code_of_theirs(server: FakeServer) -> None:
    server.add_replies(Answer(text="Hello!"), Answer(text="Hello!"))
    with AIModelClient.routed([endpoint(server.url), endpoint(server.url, model="fake-2")]) as client:
        client.generate("?")
        before = set(threading.enumerate())
        called = count_calls(lambda: client.generate("?")).files
        assert set(threading.enumerate()) <= before
    entered = {Path(name).name for name in called if "pipeline/routing" in Path(name).as_posix()}
    assert "routed_call.py" in entered
    assert "hedging.py" not in entered
