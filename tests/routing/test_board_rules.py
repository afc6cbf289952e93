"""The board of a route: what is remembered of calls, and what is shared with other processes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from dhenara.ai.pipeline.routing import board as board_module
from dhenara.ai.pipeline.routing.board import HealthBoard, SharedRest
from dhenara.ai.pipeline.routing.health import AVAILABLE, Failure, Health
from dhenara.ai.types import ModelRoute
from support.simulated_routes import simulated_endpoint

NOW = 100.0


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
    group = [{"name": name, "endpoint": simulated_endpoint(name)} for name in ("0-0", "0-1", "0-2")]
    board = HealthBoard(ModelRoute.of({"groups": [group]}, "r"), store)
    for one in board.standings:
        one.key = one.deployment.name
    return board, store, ClockIO()


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
