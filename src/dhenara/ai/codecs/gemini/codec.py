"""The codec: what the rest of the house sees of generateContent."""

from __future__ import annotations

import re
from typing import Any

from ...errors import CallError, QuotaError, RateLimitError
from ...types.call import Call
from ...wire.frame import Frames
from ...wire.http import Head
from ...wire.sse import SseFrames
from ..base import Outgoing
from ..failure import failure, parse_body
from ..told import words
from .quirks import GeminiQuirks
from .request import write_request
from .response import GeminiReader

SECONDS = re.compile(r"([0-9.]+)s")


class Gemini:
    """Stateless; one is enough."""

    name = "gemini"

    def encode(self, call: Call, quirks: GeminiQuirks) -> Outgoing:
        return write_request(call, quirks)

    def frames(self) -> Frames:
        return SseFrames()

    def decoder(self, quirks: GeminiQuirks) -> GeminiReader:
        return GeminiReader()

    def error(self, head: Head, body: bytes) -> CallError:
        return read_error(head, parse_body(body))


def read_error(head: Head, body: Any) -> CallError:
    """`{"error": {"code", "message", "status", "details"}}`, alone or in a list."""
    told = body[0] if isinstance(body, list) and body else body
    error = told.get("error") if isinstance(told, dict) else None
    if not isinstance(error, dict):
        # Gateways in front of it have words of their own.
        loose = error if isinstance(error, str) else words(told, "message") if isinstance(told, dict) else ""
        return failure(head, body, loose or None)
    code, status = error.get("code"), error.get("status")
    found = failure(
        Head(head.status or (code if isinstance(code, int) else 0), head.headers),
        body,
        words(error, "message") or None,
        None if code is None else str(code),
        status if isinstance(status, str) else None,
    )
    wait = retry_delay(error.get("details"))
    if wait is None:
        return found
    found.retry_after = wait
    # "You exceeded your current quota" with a delay beside it is a rate, not an empty account.
    return as_rate_limit(found) if type(found) is QuotaError else found


def as_rate_limit(found: CallError) -> CallError:
    return RateLimitError(
        found.message,
        status=found.status,
        request_id=found.request_id,
        provider_code=found.provider_code,
        provider_type=found.provider_type,
        retry_after=found.retry_after,
        body=found.body,
    )


def retry_delay(details: Any) -> float | None:
    """How long to wait, where the details say so."""
    for detail in details if isinstance(details, list) else ():
        said = detail.get("retryDelay") if isinstance(detail, dict) else None
        if isinstance(said, str) and (match := SECONDS.fullmatch(said)):
            return float(match[1])
    return None


CODEC = Gemini()
