"""Retry policy: exponential backoff with jitter; honours Retry-After; never retries after the first chunk."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from ...codecs.error_mapping import request_id
from ...errors import AuthenticationError, CallError, PermissionDeniedError
from ...io.protocol import IO
from ...types.chat.report import Attempt
from ...types.config.call import Call
from ..call_log import log_attempt, log_retry
from ..middleware import Send
from ..streaming.stream import Stream

FIRST_DELAY = 0.5
LONGEST_DELAY = 30.0
MAX_RETRY_AFTER = 120.0
LONGEST_RELIEVED = 2.0
"""Longest wait in seconds when a fallback endpoint is available."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Middleware that retries a call; each attempt is recorded in the journal and in the final error."""

    io: IO

    async def retry_failures(self, call: Call, send: Send) -> Stream:
        """Send the call, and again after failures that another attempt may not have."""
        waited, failed = 0.0, 0
        while True:
            started = self.io.monotonic()
            call.journal.head = None
            try:
                stream = await send(call)
            except CallError as error:
                failed += 1
                record_attempt(self.io, call, started, waited, error)
                decision = self.decide(call, error, failed)
                log_retry(call, decision)
                if isinstance(decision, str):
                    error.attempts = tuple(call.journal.attempts)
                    raise
                await self.io.sleep(decision)
                waited = decision
            else:
                record_attempt(self.io, call, started, waited)
                return stream

    def decide(self, call: Call, error: CallError, failed: int) -> float | str:
        """Return the seconds to wait before the next attempt, or the reason why there is none."""
        if not error.retriable:
            return "another attempt would fail as well"
        if failed > call.config.retries:
            return f"all {call.config.retries} retries were made"
        # Refusals of a token are retriable only where another token is sent next, which the provider cannot know.
        if is_retry_forbidden(call) and not isinstance(error, AuthenticationError | PermissionDeniedError):
            return "the provider forbids it (x-should-retry)"
        wait = self.requested_delay(call, error)
        if wait is None:
            wait = min(FIRST_DELAY * 2 ** (failed - 1), LONGEST_DELAY) * (0.5 + self.io.random() / 2)
        if call.deadline is not None and self.io.monotonic() + wait >= call.deadline:
            return f"the deadline of the call is before the next attempt in {wait:.1f} s"
        longest = LONGEST_RELIEVED if call.has_fallback else MAX_RETRY_AFTER
        return wait if wait <= longest else f"a wait of {wait:.1f} s is too long"

    def requested_delay(self, call: Call, error: CallError) -> float | None:
        """Return the delay that the provider requests, in seconds or as a date."""
        if error.retry_after is not None:
            return error.retry_after
        date = call.journal.head and call.journal.head.headers.get("retry-after")
        if not date:
            return None
        try:
            return max(0.0, parsedate_to_datetime(date).timestamp() - self.io.time())
        except (ValueError, OverflowError):
            return None


def record_attempt(io: IO, call: Call, started: float, waited: float, error: CallError | None = None) -> None:
    """Add one attempt to the call's journal."""
    head = call.journal.head
    attempt = Attempt(
        number=len(call.journal.attempts) + 1,
        provider=str(call.endpoint.api.provider),
        model=call.endpoint.ai_model.model_name,
        outcome="failed" if error else "answered",
        status=head.status if head else None,
        error=f"{type(error).__name__}: {error.message}" if error else None,
        request_id=request_id(head) if head else None,
        waited=waited,
        seconds=io.monotonic() - started,
    )
    call.journal.attempts.append(attempt)
    log_attempt(call, attempt, error)


def is_retry_forbidden(call: Call) -> bool:
    """Return whether the provider forbids a retry (`x-should-retry: false`)."""
    head = call.journal.head
    return head is not None and head.headers.get("x-should-retry") == "false"
