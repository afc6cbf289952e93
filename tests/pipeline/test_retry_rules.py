"""The rules and constants of retries and deadlines, with a clock and random numbers that the test sets."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, strategies as st

from dhenara.ai.codecs.error_mapping import retry_after
from dhenara.ai.codecs.gemini.response import read_error
from dhenara.ai.errors import AuthenticationError, CallError, PermissionDeniedError, RateLimitError, ServerError
from dhenara.ai.http.protocol.message import Head
from dhenara.ai.pipeline.retry import Retry
from dhenara.ai.pipeline.timeouts import with_deadline
from dhenara.ai.types import AIModel, AIModelAPI, AIModelCallConfig, AIModelEndpoint, Call, Message, Timeouts

ENDPOINT = AIModelEndpoint(api=AIModelAPI(provider="openai", api_key="sk-x"), ai_model=AIModel(model_name="m"))
NOON = 1_445_412_480.0
"""Wed, 21 Oct 2015 07:28:00 GMT in seconds since 1970."""


class Clock:
    """The part of IO that retries use: sleeping only moves the clock."""

    def __init__(self, random: float = 0.5, now: float = 100.0, time: float = NOON) -> None:
        self.now, self.wall, self.number = now, time, random
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.wall

    def random(self) -> float:
        return self.number


def new_call(**fields: Any) -> Call:
    config = AIModelCallConfig(**fields.pop("config", {}))
    return Call(endpoint=ENDPOINT, messages=(Message(role="user", contents=[]),), config=config, **fields)


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Finish a coroutine that never suspends."""
    try:
        work.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("it waits for something")


def send_with(outcomes: list[Any], clock: Clock, seconds: float = 0.0, head: Head | None = None) -> Callable[..., Any]:
    """Return a `send` that gives or raises these outcomes in turn; each takes so many seconds."""
    left = iter(outcomes)

    async def send(call: Call) -> Any:
        assert call.journal.head is None
        clock.now += seconds
        if head is not None:
            call.journal.head = head
        outcome = next(left)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return send


def failures(number: int, **facts: Any) -> list[CallError]:
    return [ServerError("oops", **facts) for _ in range(number)]


def delays(call: Call, clock: Clock, send: Callable[..., Any]) -> list[float]:
    """The waits between the attempts of a call that is answered."""
    assert run(Retry(clock).retry_failures(call, send)) == "answer"  # type: ignore[arg-type]  # it uses the clock only
    return clock.slept


def pause(
    error: CallError, failed: int = 1, *, clock: Clock | None = None, head: Head | None = None, **fields: Any
) -> Any:
    """The wait after the error of this attempt, or None if there is no other attempt."""
    call, clock = new_call(**fields), clock or Clock()
    outcomes = [*failures(failed - 1, retry_after=0.0), error, "answer"]
    try:
        delays(call, clock, send_with(outcomes, clock, head=head))
    except type(error):
        return None
    return clock.slept[-1]


def test_waits_double_from_half_a_second_up_to_thirty() -> None:
    clock = Clock(random=1.0)
    waits = delays(new_call(config={"retries": 9}), clock, send_with([*failures(9), "answer"], clock))
    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]


@given(st.floats(0, 1, exclude_max=True), st.integers(1, 12))
def test_jitter_takes_away_up_to_half_of_a_wait(random: float, failed: int) -> None:
    longest = pause(ServerError("oops"), failed, clock=Clock(random=1.0), config={"retries": 12})
    assert pause(ServerError("oops"), failed, clock=Clock(random=0.0), config={"retries": 12}) == longest / 2
    wait = pause(ServerError("oops"), failed, clock=Clock(random=random), config={"retries": 12})
    assert wait == pytest.approx(longest * (0.5 + random / 2))


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_the_attempts_are_one_more_than_the_retries(retries: int) -> None:
    clock, call = Clock(), new_call(config={"retries": retries})
    with pytest.raises(ServerError) as failed:
        run(Retry(clock).retry_failures(call, send_with([*failures(9)], clock)))  # type: ignore[arg-type]
    assert len(failed.value.attempts) == len(clock.slept) + 1 == retries + 1


def test_an_attempt_takes_until_its_answer_begins() -> None:
    clock, call = Clock(), new_call()

    async def send(call: Call) -> Any:
        assert call.journal.began_at is None
        clock.now += 2.0
        call.journal.began_at = clock.now
        if not call.journal.attempts:
            clock.now += 1.0
            raise ServerError("oops", retry_after=0.0)
        clock.now += 5.0  # a layer waits with the answer
        return "answer"

    assert run(Retry(clock).retry_failures(call, send)) == "answer"  # type: ignore[arg-type]  # it uses the clock only
    assert [attempt.seconds for attempt in call.journal.attempts] == [3.0, 2.0]


def test_an_error_that_a_retry_cannot_fix_is_raised_at_once() -> None:
    assert pause(AuthenticationError("bad key")) is None
    assert pause(ServerError("oops")) is not None


def test_a_requested_delay_is_waited_exactly() -> None:
    assert pause(ServerError("oops", retry_after=7.25)) == 7.25
    assert pause(ServerError("oops", retry_after=0.0)) == 0.0


def test_a_requested_delay_of_up_to_two_minutes_is_waited() -> None:
    assert pause(RateLimitError("slow down", retry_after=120.0)) == 120.0
    assert pause(RateLimitError("slow down", retry_after=120.5)) is None


def test_a_call_with_a_fallback_waits_two_seconds_at_most() -> None:
    assert pause(RateLimitError("slow down", retry_after=2.0), has_fallback=True) == 2.0
    assert pause(RateLimitError("slow down", retry_after=2.5), has_fallback=True) is None


def test_a_date_is_waited_for_by_the_clock_of_the_wall() -> None:
    head = Head(429, {"retry-after": "Wed, 21 Oct 2015 07:28:09 GMT"})
    assert pause(RateLimitError("slow down"), head=head) == 9.0
    assert pause(RateLimitError("slow down", retry_after=3.0), head=head) == 3.0


@pytest.mark.parametrize("text", ["9s", "0m9s", "9000ms", "2015-10-21T07:28:09Z", "1445412489", "1445412489000"])
def test_a_delay_may_have_a_unit_and_a_time_may_be_written_otherwise(text: str) -> None:
    headers = {"retry-after": text}
    assert retry_after(headers) is None
    assert pause(RateLimitError("slow down"), head=Head(429, headers)) == 9.0


@pytest.mark.parametrize("text", ["0", "-5", "0s", "Wed, 21 Oct 2015 07:27:09 GMT", "1445412400"])
def test_a_delay_of_nothing_and_a_time_that_has_passed_are_no_reason_to_retry_at_once(text: str) -> None:
    headers = {"retry-after": text}
    assert retry_after(headers) is None
    assert pause(ServerError("down"), head=Head(503, headers), clock=Clock(random=1.0)) == 0.5


@pytest.mark.parametrize(("text", "delay"), [("2.5s", 2.5), ("0s", None), ("1.2.3s", None), ("9" * 400 + "s", None)])
def test_a_delay_in_the_details_of_gemini_is_read_in_the_same_way(text: str, delay: float | None) -> None:
    error = read_error(Head(503), {"error": {"message": "down", "details": [{"retryDelay": text}]}})
    assert (type(error), error.retry_after) == (ServerError, delay)


def test_a_delay_of_nothing_in_milliseconds_leaves_the_one_in_seconds() -> None:
    assert retry_after({"retry-after-ms": "0", "retry-after": "3"}) == 3.0


@pytest.mark.parametrize("headers", [{}, {"retry-after": ""}, {"retry-after": "tomorrow"}])
def test_a_delay_that_cannot_be_read_is_chosen_here(headers: dict[str, str]) -> None:
    assert pause(RateLimitError("slow down"), head=Head(429, headers), clock=Clock(random=1.0)) == 0.5


def test_the_provider_may_forbid_a_retry() -> None:
    head = Head(503, {"x-should-retry": "false"})
    assert pause(ServerError("down"), head=head) is None
    assert pause(ServerError("down"), head=Head(503, {"x-should-retry": "true"})) == 0.375
    assert pause(ServerError("down"), head=None) == 0.375


@pytest.mark.parametrize("kind", [AuthenticationError, PermissionDeniedError])
def test_a_refused_token_is_replaced_although_retries_are_forbidden(kind: type[CallError]) -> None:
    error = kind("the token is too old")
    error.retriable = True
    assert pause(error, head=Head(401, {"x-should-retry": "false"})) == 0.375


def test_a_wait_ends_before_the_deadline() -> None:
    def waits(seconds: float, deadline: float | None) -> Any:
        return pause(ServerError("oops", retry_after=seconds), deadline=deadline)

    assert waits(5.0, None) == 5.0
    assert waits(4.0, 105.0) == 4.0
    assert waits(5.0, 105.0) is None
    assert waits(6.0, 105.0) is None


def test_each_attempt_is_recorded_with_its_wait_and_its_time() -> None:
    clock, call = Clock(), new_call(config={"retries": 2})
    head = Head(503, {"x-request-id": "req_1"})
    send = send_with([*failures(2, retry_after=4.0), "answer"], clock, 1.5, head)
    assert run(Retry(clock).retry_failures(call, send)) == "answer"  # type: ignore[arg-type]
    first, second, last = call.journal.attempts
    assert [first.number, second.number, last.number] == [1, 2, 3]
    assert [first.waited, second.waited, last.waited] == [0.0, 4.0, 4.0]
    assert [first.seconds, second.seconds, last.seconds] == [1.5, 1.5, 1.5]
    assert [first.outcome, second.outcome, last.outcome] == ["failed", "failed", "answered"]
    assert [first.error, last.error] == ["ServerError: oops", None]
    assert (first.provider, first.model, first.status, first.request_id) == ("openai", "m", 503, "req_1")


def test_an_attempt_on_a_route_has_its_deployment_and_the_reason() -> None:
    clock, call = Clock(), replace(new_call(), deployment="eu", choice="chosen: the fastest")
    assert run(Retry(clock).retry_failures(call, send_with(["answer"], clock))) == "answer"  # type: ignore[arg-type]
    (attempt,) = call.journal.attempts
    assert (attempt.deployment, attempt.reason) == ("eu", "chosen: the fastest")


def test_an_attempt_without_a_response_has_no_status() -> None:
    clock, call = Clock(), new_call(config={"retries": 0})
    with pytest.raises(ServerError) as failed:
        run(Retry(clock).retry_failures(call, send_with(failures(1), clock)))  # type: ignore[arg-type]
    assert failed.value.attempts == tuple(call.journal.attempts)
    assert (call.journal.attempts[0].status, call.journal.attempts[0].request_id) == (None, None)


@pytest.mark.parametrize(
    ("total", "given", "deadline"),
    [(None, None, None), (None, 130.0, 130.0), (10.0, None, 110.0), (10.0, 130.0, 110.0), (60.0, 130.0, 130.0)],
)
def test_the_earlier_deadline_counts(total: float | None, given: float | None, deadline: float | None) -> None:
    call = replace(new_call(config={"timeout": Timeouts(total=total)}), deadline=given)
    assert with_deadline(call, Clock()).deadline == deadline  # type: ignore[arg-type]


class Gate:
    """Decides on retries instead of a number of them, as routes do; it closes after so many of its answers."""

    def __init__(self, *allowed: bool, is_open: bool = True) -> None:
        self.allowed, self.opens = list(allowed), is_open
        self.errors: list[CallError] = []

    def allow(self, error: CallError) -> bool:
        self.errors.append(error)
        return self.allowed.pop(0)

    def is_open(self) -> bool:
        return self.opens


def test_a_gate_decides_on_each_retry_whatever_their_number() -> None:
    clock, gate = Clock(), Gate(True, True, False)
    call = new_call(config={"retries": 0}, retry_gate=gate)
    errors = failures(3, retry_after=1.0)
    with pytest.raises(ServerError) as failed:
        run(Retry(clock).retry_failures(call, send_with(errors, clock)))  # type: ignore[arg-type]
    assert (clock.slept, gate.errors) == ([1.0, 1.0], errors)
    assert (failed.value, len(failed.value.attempts)) == (errors[2], 3)


def test_a_gate_decides_only_on_retries_that_are_possible() -> None:
    gate = Gate()
    assert pause(AuthenticationError("bad key"), retry_gate=gate) is None
    assert pause(RateLimitError("slow down", retry_after=120.5), retry_gate=gate) is None
    assert pause(ServerError("oops", retry_after=5.0), deadline=105.0, retry_gate=gate) is None
    assert gate.errors == []


def test_a_gate_that_closed_during_the_wait_ends_the_call_with_its_attempts() -> None:
    clock, call = Clock(), new_call(retry_gate=Gate(True, is_open=False))
    with pytest.raises(ServerError) as failed:
        run(Retry(clock).retry_failures(call, send_with(failures(2, retry_after=1.0), clock)))  # type: ignore[arg-type]
    assert clock.slept == [1.0]
    assert [one.error for one in failed.value.attempts] == ["ServerError: oops"]
