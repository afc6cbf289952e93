"""Retry policy: exponential backoff with jitter; honours Retry-After; never retries after the first chunk."""

from __future__ import annotations

from dataclasses import dataclass

from ...codecs.failure import request_id
from ...errors import AuthenticationError, CallError, PermissionDeniedError
from ...io.protocol import IO
from ...types.chat.report import Attempt
from ...types.config.call import Call
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
                wait = self.pause(call, error, failed)
                if wait is None:
                    error.attempts = tuple(call.journal.attempts)
                    raise
                await self.io.sleep(wait)
                waited = wait
            else:
                record_attempt(self.io, call, started, waited)
                return stream

    def pause(self, call: Call, error: CallError, failed: int) -> float | None:
        """Return the seconds to wait before the next attempt; None for no retry."""
        if not error.retriable or failed > call.config.retries:
            return None
        # Refusals of a token are retriable only where another token is sent next, which the provider cannot know.
        if is_retry_forbidden(call) and not isinstance(error, AuthenticationError | PermissionDeniedError):
            return None
        wait = self.requested_delay(call, error)
        if wait is None:
            wait = min(FIRST_DELAY * 2 ** (failed - 1), LONGEST_DELAY) * (0.5 + self.io.random() / 2)
        if call.deadline is not None and self.io.monotonic() + wait >= call.deadline:
            return None
        return wait if wait <= (LONGEST_RELIEVED if call.has_fallback else MAX_RETRY_AFTER) else None

    def requested_delay(self, call: Call, error: CallError) -> float | None:
        """Return the delay that the provider requests, in seconds or as a date."""
        if error.retry_after is not None:
            return error.retry_after
        date = call.journal.head and call.journal.head.headers.get("retry-after")
        if not date:
            return None
        from email.utils import parsedate_to_datetime  # brings the calendar and all of mail; dates are rare

        try:
            return max(0.0, parsedate_to_datetime(date).timestamp() - self.io.time())
        except (ValueError, OverflowError):
            return None


def record_attempt(io: IO, call: Call, started: float, waited: float, error: CallError | None = None) -> None:
    """Add one attempt to the call's journal."""
    head = call.journal.head
    call.journal.attempts.append(
        Attempt(
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
    )


def is_retry_forbidden(call: Call) -> bool:
    """Return whether the provider forbids a retry (`x-should-retry: false`)."""
    head = call.journal.head
    return head is not None and head.headers.get("x-should-retry") == "false"
