"""Health of a deployment: what counts against it, how long it rests, and how it comes back."""

from __future__ import annotations

import pytest

from dhenara.ai.errors import (
    AuthenticationError,
    BadAnswerError,
    BadRequestError,
    BrokenStreamError,
    CallError,
    CallTimeoutError,
    CertificateError,
    ConnectionFailedError,
    ContentFilteredError,
    ContextLengthError,
    InvalidOutputError,
    NotFoundError,
    PermissionDeniedError,
    QuotaError,
    RateLimitError,
    ResponseTooLargeError,
    ServerError,
)
from dhenara.ai.pipeline.routing.health import (
    ANSWERS_TO_FORGET,
    AVAILABLE,
    PROBE_SECONDS,
    Failure,
    FailureKind,
    Health,
    failure_kind,
    pause_after,
)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (RateLimitError("slow down"), "rate_limit"),
        (QuotaError("no credit"), "quota"),
        (ServerError("down"), "server"),
        (CallTimeoutError("late", limit="first_token"), "server"),
        (ConnectionFailedError("refused"), "server"),
        (BadAnswerError("html"), "server"),
        (BrokenStreamError("cut"), "server"),
        (AuthenticationError("no key"), "access"),
        (PermissionDeniedError("not yours"), "access"),
        (NotFoundError("no model"), "access"),
        (CertificateError("unknown authority"), "access"),
        (BadRequestError("no messages"), None),
        (ContextLengthError("too long"), None),
        (ContentFilteredError("blocked"), None),
        (InvalidOutputError("no JSON"), None),
        (ResponseTooLargeError("too many bytes", limit="body_bytes"), None),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, CallError) else str(value),
)
def test_only_failures_of_the_deployment_count_against_it(error: CallError, kind: FailureKind | None) -> None:
    assert failure_kind(error) == kind


def test_a_rate_limit_rests_exactly_as_long_as_the_provider_asks() -> None:
    health = AVAILABLE.after_failure(Failure("rate_limit", retry_after=30.0), 0.0, 1.0)
    assert [health.state(at) for at in (1.0, 30.999, 31.0)] == ["resting", "resting", "half_open"]


def test_a_server_that_failed_once_is_tried_again_at_once() -> None:
    health = AVAILABLE.after_failure(Failure("server"), 0.0, 1.0)
    assert (health.state(1.0), health.failures) == ("available", 1)


def test_pauses_grow_with_each_failure_in_a_row() -> None:
    health, now, pauses = AVAILABLE, 0.0, []
    for _ in range(10):
        health = health.after_failure(Failure("server"), now, now)
        pauses.append(max(0.0, health.resting_until - now))
        now = max(now, health.resting_until) + 0.1
    assert pauses == pytest.approx([0, 1, 2, 4, 8, 16, 32, 60, 60, 60])


@pytest.mark.parametrize(
    ("kind", "pauses"),
    [("rate_limit", [1, 2, 4, 60]), ("quota", [60, 120, 240, 3600]), ("access", [300, 600, 1200, 3600])],
)
def test_each_kind_of_failure_has_its_pauses(kind: FailureKind, pauses: list[float]) -> None:
    assert [pause_after(kind, failures) for failures in (1, 2, 3, 30)] == pauses


def test_a_burst_of_failures_at_the_same_time_is_one() -> None:
    """A hundred calls that were running when the server went down do not let it rest for a minute."""
    health = AVAILABLE.after_failure(Failure("server"), 0.0, 5.0)
    for began in (0.5, 1.0, 4.9):
        health = health.after_failure(Failure("server"), began, 5.0)
    assert health.failures == 1


def test_a_late_rate_limit_still_extends_the_rest() -> None:
    health = AVAILABLE.after_failure(Failure("rate_limit", retry_after=5.0), 0.0, 2.0)
    longer = health.after_failure(Failure("rate_limit", retry_after=30.0), 1.0, 3.0)
    shorter = longer.after_failure(Failure("rate_limit", retry_after=1.0), 1.0, 4.0)
    assert (longer.resting_until, shorter.resting_until, shorter.failures) == (33.0, 33.0, 1)


def test_an_answer_makes_it_available_and_several_in_a_row_forget_the_failures() -> None:
    health = Health(failures=5, resting_until=10.0, failed_at=4.0)
    for number in range(1, ANSWERS_TO_FORGET):
        health = health.after_answer(began=10.0 + number)
        assert (health.state(11.0), health.failures) == ("available", 5)
    assert health.after_answer(began=20.0) is AVAILABLE


def test_pauses_grow_while_every_second_call_fails() -> None:
    health, now = AVAILABLE, 0.0
    for _ in range(10):
        health = health.after_failure(Failure("server"), now, now)
        now = max(now, health.resting_until) + 1.0
        health = health.after_answer(began=now)
        now += 1.0
    assert health.failures == 10


def test_a_server_with_a_stand_in_rests_after_its_first_failure() -> None:
    pauses = [pause_after("server", failures, is_alone=False) for failures in (1, 2, 3, 30)]
    assert pauses == [1, 2, 4, 60]


def test_an_answer_to_an_earlier_call_does_not_end_the_rest() -> None:
    health = AVAILABLE.after_failure(Failure("rate_limit", retry_after=30.0), 0.0, 5.0)
    assert health.after_answer(began=1.0).state(6.0) == "resting"


def test_while_a_probe_runs_nobody_else_tries() -> None:
    health = Health(failures=2, resting_until=10.0, failed_at=1.0).with_probe(10.0)
    assert health.state(11.0) == "probing"
    assert health.without_probe().state(11.0) == "half_open"
    assert health.state(10.0 + PROBE_SECONDS) == "half_open"  # its outcome was lost


def test_a_probe_that_fails_rests_longer() -> None:
    resting = AVAILABLE.after_failure(Failure("server"), 0, 0).after_failure(Failure("server"), 1, 1)
    again = resting.with_probe(2.0).after_failure(Failure("server"), 2.0, 2.5)
    assert (again.resting_until, again.state(2.6)) == (4.5, "resting")


def test_it_is_failing_from_a_failure_to_the_next_answer() -> None:
    assert AVAILABLE.is_failing is False
    failed = AVAILABLE.after_failure(Failure("server"), 0.0, 1.0)
    answered = failed.after_answer(began=2.0)
    again = answered.after_failure(Failure("server"), 3.0, 3.0)
    assert [one.is_failing for one in (failed, answered, again)] == [True, False, True]


def test_thousands_of_failures_in_a_row_rest_for_the_longest_pause() -> None:
    health = AVAILABLE
    for at in range(3000):
        health = health.after_failure(Failure("server"), float(at), float(at))
    assert health.resting_until - 2999.0 == 60.0


def test_a_rest_that_has_ended_is_half_open_from_the_first_second_of_the_clock() -> None:
    assert Health(failures=2, resting_until=0.5).state(0.7) == "half_open"


def test_a_probe_without_an_outcome_leaves_no_trace() -> None:
    resting = Health(failures=2, resting_until=10.0, failed_at=1.0)
    assert resting.with_probe(10.0).without_probe() == resting
    assert resting.without_probe() is resting
