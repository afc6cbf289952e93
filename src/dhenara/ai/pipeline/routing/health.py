"""Health of a deployment: a state machine without a clock of its own.

A deployment is available, rests after a failure that concerns it, or is half open: its rest is over and one call, the
probe, tries it. An answer makes it available again; another failure lets it rest longer. Failures are forgotten after
several answers in a row.

Calls run at the same time, so several of them may report the same outage. A failure counts only if its call began after
the last failure that was counted: a burst of failures is one. For the same reason an answer ends a rest only if its
call began after the failure.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, replace
from heapq import nsmallest
from itertools import islice
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


RECENT = 20
"""Answers whose times show what is usual."""

ENOUGH = 10
"""Answers before which nothing is known to be unusual."""

SLOW_FACTOR = 3.0
"""An answer is slow if it takes this many times as long as nine of ten usual ones."""

SLOW_SECONDS = 1.0
"""Seconds more than usual that no answer is slow for."""

SLOW_IN_ROW = 2
"""Slow answers in a row, also those that are still awaited, after which a deployment counts as slow."""

NEW_USUAL = 10
"""Slow answers in a row after which their times are the usual ones."""

FIRST_TRIAL, LONGEST_TRIAL = 15.0, 120.0
"""Seconds between two calls that try a slow deployment, doubled by each."""

LOOKED_AT = 8
"""Awaited answers, the oldest ones, that are looked at."""

FAIR_SECONDS, LONG_SECONDS = 1.0, 30.0
"""Seconds without an answer that count as a failure, if the time of the whole call ends then: at least the first, where
usual times are not known; at most the second."""

INFINITE = float("inf")


class AnswerTimes:
    """How long the answers of a deployment take to begin, and whether that is much longer than usual now.

    Answers are compared with earlier ones of the same kind: streamed answers begin sooner than complete ones arrive. A
    single slow answer says nothing, because answers have different lengths. A quick answer ends the slowness; until
    then, a call tries the deployment from time to time.
    """

    __slots__ = ("_awaited", "_limits", "_pause", "_quick_at", "_slow", "_usual", "slow_from", "slow_until")

    def __init__(self) -> None:
        self.slow_from = INFINITE
        """When it counts as slow, unless an answer begins before."""

        self.slow_until = INFINITE
        """When the next call tries it."""

        self._usual: dict[Hashable, deque[float]] = {}
        self._limits: dict[Hashable, float] = {}
        self._slow: list[tuple[Hashable, float]] = []
        self._awaited: dict[int, tuple[float, float]] = {}
        self._quick_at = 0.0
        self._pause = 0.0

    def is_slow(self, now: float) -> bool:
        """Return whether its answers take much longer than usual."""
        return self.slow_from <= now < self.slow_until

    def describe(self, now: float) -> str:
        """Return why it is slow, in plain words.

        Args:
            now: The time.
        """
        until = "" if self.slow_until == INFINITE else f"; it is tried again in {self.slow_until - now:.3g} s"
        return f"its answers take much longer than usual to begin{until}"

    def limit(self, kind: Hashable) -> float:
        """Return the seconds after which an answer of this kind is slow; infinite if that is not known."""
        return self._limits.get(kind, INFINITE)

    def is_long(self, kind: Hashable, seconds: float, total: float | None) -> bool:
        """Return whether a deployment that has not answered for so long is to blame, and not a short timeout.

        Args:
            kind: Kind of the answer.
            seconds: How long the call waited for this deployment.
            total: The timeout of the whole call.
        """
        limit = self.limit(kind)
        if limit == INFINITE:
            return seconds >= FAIR_SECONDS and (total is None or seconds >= total / 2)
        return seconds >= min(limit, LONG_SECONDS)

    def start(self, number: int, kind: Hashable, now: float) -> None:
        """A call begins.

        Args:
            number: Number of the call.
            kind: Kind of its answer; those of other kinds are not comparable.
            now: The time.
        """
        if len(self._slow) >= SLOW_IN_ROW and now >= self.slow_until:
            self._pause = min(2 * self._pause, LONGEST_TRIAL)
            self.slow_until = now + self._pause
        limit = self._limits.get(kind)
        if limit is not None:
            self._awaited[number] = now + limit, limit
            self._look(now)

    def stop(self, number: int, now: float) -> None:
        """A call is no longer awaited: its answer has begun, or it failed."""
        if self._awaited.pop(number, None) is not None:
            self._look(now)

    def add(self, kind: Hashable, seconds: float, now: float) -> None:
        """Take over after how many seconds an answer of this kind began.

        Args:
            kind: Kind of the answer.
            seconds: The seconds.
            now: The time.
        """
        if seconds <= self.limit(kind):
            self._quick_at = now
            self._slow = []
            self._add_usual(kind, seconds)
        else:
            self._slow.append((kind, seconds))
            if len(self._slow) == SLOW_IN_ROW:
                self._pause = FIRST_TRIAL
                self.slow_until = now + FIRST_TRIAL
            if len(self._slow) >= NEW_USUAL:
                for one in self._slow:
                    self._add_usual(*one)
                self._slow = []
        self._look(now)

    def _add_usual(self, kind: Hashable, seconds: float) -> None:
        usual = self._usual.setdefault(kind, deque(maxlen=RECENT))
        usual.append(seconds)
        if len(usual) >= ENOUGH:
            most = sorted(usual)[-1 - len(usual) // 10]
            self._limits[kind] = max(SLOW_FACTOR * most, most + SLOW_SECONDS)

    def _look(self, now: float) -> None:
        """Determine from when on it counts as slow."""
        missing = SLOW_IN_ROW - len(self._slow)
        if missing <= 0:
            self.slow_from = 0.0
            return
        self.slow_until = INFINITE
        if len(self._awaited) < missing:
            self.slow_from = INFINITE
            return
        at, limit = nsmallest(missing, islice(self._awaited.values(), LOOKED_AT))[-1]
        self.slow_from = max(at, self._quick_at + limit)
