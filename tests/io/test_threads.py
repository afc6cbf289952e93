"""Jobs and steps in threads: how many run at once, their time limits, their context, and how they are cancelled."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import ContextVar
from types import SimpleNamespace
from typing import Any

import pytest

from dhenara.ai.http.protocol.message import HttpRequest
from dhenara.ai.io.protocol import JobDone, StepCancelled, UserJob
from dhenara.ai.io.sync_io import CancelScope, ThreadPool, run, run_in_threads
from support.waiting import wait_until

SECONDS = 60
"""Longest wait of a test that fails."""

NAME: ContextVar[str] = ContextVar("name", default="none")


def values(outcomes: list[Any]) -> list[Any]:
    return [outcome and outcome.value for outcome in outcomes]


def test_no_more_jobs_run_at_once_than_are_allowed() -> None:
    running, lock, two = [0, 0], threading.Lock(), threading.Barrier(2)

    def work() -> None:
        with lock:
            running[0] += 1
            running[1] = max(running)
        two.wait(SECONDS)
        with lock:
            running[0] -= 1

    ThreadPool([UserJob(work) for _ in range(4)], 2).run()
    assert running == [0, 2]


def test_a_job_that_ends_after_its_time_limit_has_no_outcome() -> None:
    go_on, late_thread = threading.Event(), list[threading.Thread]()

    def late() -> str:
        late_thread.append(threading.current_thread())
        go_on.wait(SECONDS)
        return "late"

    def after_it() -> str:
        wait_until(lambda: late_thread)  # its time may be over before its thread has begun
        go_on.set()
        late_thread[0].join(SECONDS)
        return "in time"

    outcomes = ThreadPool([UserJob(late, seconds=0.01), UserJob(after_it)], 1).run()
    assert values(outcomes) == [None, "in time"]


def test_jobs_and_steps_have_the_context_of_the_caller() -> None:
    token = NAME.set("caller")
    try:
        assert values(ThreadPool([UserJob(NAME.get)] * 2, 2).run()) == ["caller"] * 2
        assert run_in_threads([NAME.get] * 2, 2) == ["caller"] * 2
        run_in_threads([lambda: NAME.set("step")] * 2, 2)
        assert NAME.get() == "caller"
    finally:
        NAME.reset(token)


class Answer:
    """A response of one piece."""

    head = None

    def __init__(self) -> None:
        self.pieces = [b"x", b""]
        self.is_abandoned = False

    async def read(self) -> bytes:
        return self.pieces.pop(0)

    async def close(self) -> None: ...

    def abandon(self) -> None:
        self.is_abandoned = True


def transport(answer: Answer, while_sent: Callable[[], object]) -> Any:
    async def send(request: HttpRequest, timeouts: Any) -> Answer:
        assert request.on_connection is not None
        request.on_connection(lambda: None)
        while_sent()
        return answer

    return SimpleNamespace(open=send)


def test_a_response_of_a_step_that_was_cancelled_meanwhile_is_left() -> None:
    answer, scope = Answer(), CancelScope()
    with pytest.raises(StepCancelled):
        run(scope.open(transport(answer, scope.cancel), HttpRequest("GET", "http://x"), Any))  # type: ignore[arg-type]
    assert answer.is_abandoned


def test_a_response_that_was_read_leaves_nothing_to_cancel() -> None:
    answer, scope = Answer(), CancelScope()
    response = run(scope.open(transport(answer, lambda: None), HttpRequest("GET", "http://x"), Any))  # type: ignore[arg-type]
    assert run(response.read()) == b"x"
    assert run(response.read()) == b""
    assert not scope.cancel()


def test_a_response_that_is_being_read_can_be_cancelled() -> None:
    scope = CancelScope()
    run(scope.open(transport(Answer(), lambda: None), HttpRequest("GET", "http://x"), Any))  # type: ignore[arg-type]
    assert scope.cancel()


def test_an_outcome_is_the_value_of_its_job() -> None:
    (outcome,) = ThreadPool([UserJob(lambda: 1)], 1).run()
    assert isinstance(outcome, JobDone)
    assert outcome.value == 1
