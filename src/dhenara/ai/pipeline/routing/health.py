"""Health of a deployment: a state machine without a clock of its own.

A deployment is available, rests after a failure that concerns it, or is half open: its rest is over and one call, the
probe, tries it. An answer makes it available again; another failure lets it rest longer. Failures are forgotten after
several answers in a row.

Calls run at the same time, so several of them may report the same outage. A failure counts only if its call began after
the last failure that was counted: a burst of failures is one. For the same reason an answer ends a rest only if its
call began after the failure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from ...errors import (
    AuthenticationError,
    BadAnswerError,
    BrokenStreamError,
    CallError,
    CallTimeoutError,
    CertificateError,
    ConnectionFailedError,
    NotFoundError,
    PermissionDeniedError,
    QuotaError,
    RateLimitError,
    ResponseTooLargeError,
    ServerError,
)

FailureKind = Literal["rate_limit", "quota", "server", "access"]
"""A rate limit; no credit; a server that fails or does not answer; a key, permission or model that is not accepted."""

State = Literal["available", "resting", "half_open", "probing"]

FIRST_PAUSE: dict[FailureKind, float] = {"rate_limit": 1.0, "quota": 60.0, "server": 0.0, "access": 300.0}
"""Seconds of rest after the first failure."""

SECOND_PAUSE: dict[FailureKind, float] = {"rate_limit": 2.0, "quota": 120.0, "server": 1.0, "access": 600.0}
"""Seconds of rest after the second failure; doubled by each further one."""

LONGEST_PAUSE: dict[FailureKind, float] = {"rate_limit": 60.0, "quota": 3600.0, "server": 60.0, "access": 3600.0}

PROBE_SECONDS = 120.0
"""Seconds after which another call may try, if the outcome of a probe did not arrive."""

ANSWERS_TO_FORGET = 5
"""Answers in a row after which earlier failures are forgotten, so that pauses grow while a part of the calls fails."""

MOST_FAILURES = 30
"""Failures in a row that are told apart; the exponent of the pause is limited because floats are."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A failure that concerns a deployment.

    Attributes:
        kind: What failed.
        text: The error for explanations, without contents of the request.
        is_alone: Whether no other deployment of its group could take the call.
        retry_after: Seconds of rest that the provider asked for; None if it did not say.
    """

    kind: FailureKind
    text: str = ""
    retry_after: float | None = None
    is_alone: bool = True


@dataclass(frozen=True, slots=True)
class Health:
    """State of a deployment. Times are those of one monotonic clock.

    Attributes:
        failures: Failures without several answers in a row between them.
        resting_until: When its rest ends; 0 if it does not rest and needs no probe.
        probing_until: Until when the outcome of a probe is awaited; 0 without one.
        failed_at: When the last counted failure was reported.
        kind: Kind of the last failure.
        reason: Text of the last failure.
        answers: Answers since the last failure; after several in a row, the failures are forgotten.
    """

    failures: int = 0
    resting_until: float = 0.0
    probing_until: float = 0.0
    failed_at: float = -1.0
    kind: FailureKind = "server"
    reason: str = ""
    answers: int = 0

    def state(self, now: float) -> State:
        """Return whether calls may go there.

        Args:
            now: The time.
        """
        if not self.resting_until:
            return "available"
        if now < self.resting_until:
            return "resting"
        return "probing" if now < self.probing_until else "half_open"

    @property
    def is_failing(self) -> bool:
        """Whether nothing was answered since the last failure."""
        return self.failures > 0 and self.answers == 0

    def after_failure(self, failure: Failure, began: float, now: float) -> Health:
        """Return the health after a failure.

        Args:
            failure: The failure.
            began: When the call began.
            now: The time.
        """
        counts = began >= self.failed_at
        failures = min(self.failures + 1, MOST_FAILURES) if counts else self.failures
        pause = failure.retry_after
        if pause is None:
            pause = pause_after(failure.kind, failures, is_alone=failure.is_alone)
        if not counts and failure.retry_after is None:
            return self
        until = now + pause if pause else 0.0
        if not counts and until <= self.resting_until:
            return self
        failed_at = now if counts else self.failed_at
        return Health(failures, until, 0.0, failed_at, failure.kind, failure.text)

    def after_answer(self, began: float) -> Health:
        """Return the health after an answer of a call that began at this time."""
        if not self.failures or began < self.failed_at:
            return self
        if self.answers + 1 >= ANSWERS_TO_FORGET:
            return AVAILABLE
        return replace(self, resting_until=0.0, probing_until=0.0, answers=self.answers + 1)

    def with_probe(self, now: float) -> Health:
        """Return the health while a probe is on its way."""
        return replace(self, probing_until=now + PROBE_SECONDS)

    def without_probe(self) -> Health:
        """Return the health after a probe that had no outcome; the next call is the probe."""
        return replace(self, probing_until=0.0) if self.probing_until else self


AVAILABLE = Health()


def pause_after(kind: FailureKind, failures: int, *, is_alone: bool = True) -> float:
    """Return the seconds of rest after so many failures.

    A server that failed once is called again at once, unless another deployment of its group can take the calls.
    """
    if kind == "server" and not is_alone:
        failures += 1
    if failures <= 1:
        return FIRST_PAUSE[kind]
    return float(min(SECOND_PAUSE[kind] * 2 ** (failures - 2), LONGEST_PAUSE[kind]))


KINDS: tuple[tuple[type[CallError], FailureKind | None], ...] = (
    (QuotaError, "quota"),
    (RateLimitError, "rate_limit"),
    (AuthenticationError, "access"),
    (PermissionDeniedError, "access"),
    (NotFoundError, "access"),
    (CertificateError, "access"),
    (ResponseTooLargeError, None),
    (ConnectionFailedError, "server"),
    (CallTimeoutError, "server"),
    (ServerError, "server"),
    (BrokenStreamError, "server"),
    (BadAnswerError, "server"),
)
"""The kind of failure of each error, the first class that matches. All others concern the request."""


def failure_kind(error: CallError) -> FailureKind | None:
    """Return the kind of failure; None if the error says nothing about the deployment."""
    return next((kind for known, kind in KINDS if isinstance(error, known)), None)
