"""Retries: exponential backoff with jitter, never after the first chunk; and without parameters that were refused."""

from __future__ import annotations

from dataclasses import dataclass

from ..catalog.learned_constraints import concerns_default
from ..catalog.parameter_refusals import read_lessons
from ..codecs.error_mapping import request_id
from ..errors import AuthenticationError, BadRequestError, CallError, ContainerExpiredError, PermissionDeniedError
from ..io.protocol import IO
from ..providers.target import ResolvedTarget
from ..types.chat.report import ATTEMPT
from ..types.config.call import AIModelCallConfig, Call
from ..wire.limits import parse_delay
from .call_log import log_attempt, log_learned, log_retry
from .learned_store import LearnedConstraints, target_key
from .middleware import Send, missing_stream
from .request_builder import RequestBuilder
from .streaming.stream import Stream

MAX_RETRY_AFTER = 120.0
LONGEST_RELIEVED = 2.0
"""Longest wait in seconds when a fallback endpoint is available."""


@dataclass(slots=True, eq=False)
class Retry:
    """Middleware that sends a call again; each attempt is recorded in the journal and in the final error.

    Attributes:
        io: Clock, sleep and random numbers.
        learner: What learns from refusals, so that the call is sent again without the parameters that were refused.
            None: refusals are errors.
    """

    io: IO
    learner: RefusalLearner | None = None

    async def retry_failures(self, call: Call, send: Send) -> Stream:
        """Send the call, and again after failures that another attempt may not have.

        What a refused attempt teaches changes the request, so such an attempt is not counted as one of the retries.
        """
        waited, failed, learned = 0.0, 0, 0
        learner = self.learner
        while True:
            started = self.io.monotonic()
            call.journal.head = call.journal.began_at = None
            try:
                stream = await send(call)
            except CallError as error:
                is_changed = (
                    learner is not None
                    and learned < MOST_LESSONS_A_CALL
                    and isinstance(error, BadRequestError)
                    and learner.learn(call, error)
                )
                record_attempt(self.io, call, started, waited, error)
                if not is_changed:
                    failed += 1
                    decision = self.decide(call, error, failed)
                    log_retry(call, decision)
                    if isinstance(decision, str):
                        error.attempts = tuple(call.journal.attempts)
                        raise
                    await self.io.sleep(decision)
                    waited = decision
                    if call.retry_gate is not None and not call.retry_gate.is_open():
                        error.attempts = tuple(call.journal.attempts)
                        raise
            else:
                if stream is None:
                    raise missing_stream(send, stream)
                record_attempt(self.io, call, started, waited)
                return stream
            if is_changed and learner is not None:
                learned, waited = learned + 1, 0.0
                await learner.save()

    def decide(self, call: Call, error: CallError, failed: int) -> float | str:
        """Return the seconds to wait before the next attempt, or the reason why there is none."""
        if not error.retriable:
            return "another attempt would fail as well"
        if call.retry_gate is None and failed > call.config.retries:
            return f"all {call.config.retries} retries were made"
        # Refusals of a token are retriable only where another token is sent next, which the provider cannot know.
        if is_retry_forbidden(call) and not isinstance(error, AuthenticationError | PermissionDeniedError):
            return "the provider forbids it (x-should-retry)"
        wait = requested_delay(call, error, self.io.time())
        if wait is None:
            wait = backoff(call.config, failed) * (0.5 + self.io.random() / 2)
        if call.deadline is not None and self.io.monotonic() + wait >= call.deadline:
            return f"the deadline of the call is before the next attempt in {wait:.1f} s"
        longest = LONGEST_RELIEVED if call.has_fallback else MAX_RETRY_AFTER
        if wait > longest:
            return f"a wait of {wait:.1f} s is too long"
        if call.retry_gate is not None and not call.retry_gate.allow(error):
            return "another deployment is tried, or the attempts of the route are used up"
        return wait


def requested_delay(call: Call, error: CallError, now: float) -> float | None:
    """Return the delay that the provider requests, in seconds or as a date; `now` is in seconds since 1970.

    A date that has passed, perhaps by a clock that differs, and a delay of 0 are no requests for a delay.
    """
    if error.retry_after is not None:
        return error.retry_after
    date = call.journal.head and call.journal.head.headers.get("retry-after")
    if not date:
        return None
    return parse_delay(date, now) or None


def backoff(config: AIModelCallConfig, failed: int) -> float:
    """Return the longest wait after so many failures."""
    # The exponent is limited because floats are.
    return float(min(config.retry_delay * 2 ** min(failed - 1, 60), config.max_retry_delay))


def record_attempt(io: IO, call: Call, started: float, waited: float, error: CallError | None = None) -> None:
    """Add one attempt to the call's journal."""
    head, began = call.journal.head, call.journal.began_at
    ended = io.monotonic() if began is None or error is not None else began
    attempt = ATTEMPT.make(
        {
            "number": len(call.journal.attempts) + 1,
            "provider": str(call.endpoint.api.provider),
            "model": call.endpoint.ai_model.model_name,
            "outcome": "failed" if error else "answered",
            "status": head.status if head else None,
            "error": f"{type(error).__name__}: {error.message}" if error else None,
            "request_id": request_id(head) if head else None,
            "waited": waited,
            "seconds": ended - started,
            "deployment": call.deployment,
            "reason": call.choice,
        }
    )
    call.journal.attempts.append(attempt)
    log_attempt(call, attempt, error)


def is_retry_forbidden(call: Call) -> bool:
    """Return whether the provider forbids a retry (`x-should-retry: false`)."""
    head = call.journal.head
    return head is not None and head.headers.get("x-should-retry") == "false"


MOST_LESSONS_A_CALL = 4


class RefusalLearner:
    """Learns from a `BadRequestError` which parameters a provider refuses.

    With `strict=True` nothing is learned, except about parameters that nobody set for the call.
    """

    def __init__(self, io: IO, target: ResolvedTarget, builder: RequestBuilder, lessons: LearnedConstraints) -> None:
        self._io = io
        self._key = target_key(target)
        self._quirks = target.quirks
        self._builder = builder
        self._lessons = lessons

    async def save(self) -> None:
        """Write what was learned to the file that processes share, if there is one."""
        if self._lessons.file is not None:
            await self._io.call(self._lessons.save)

    def learn(self, call: Call, error: BadRequestError) -> bool:
        """Return whether the request changed; another thread may already have learned the same constraint."""
        if isinstance(error, ContainerExpiredError):
            return False  # it is about this container, not about the parameter
        defaults = call.config.if_supported
        constraints = call.journal.sent_constraints
        sent = self._builder.write(call, constraints)
        learned = read_lessons(error, sent.body, self._io.time())
        if call.config.strict and not all(concerns_default(one.field, defaults, self._quirks) for one in learned):
            return False
        log_learned(call, learned)
        self._lessons.learn(self._key, learned)
        return self._builder.write(call).body != sent.body
