"""The Gemini codec, its errors, token counts, and an adapter for operations whose answer is a chat response."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from ...errors import CallError, QuotaError, RateLimitError
from ...http.protocol.message import Head
from ...types.chat.delta import Delta
from ...types.config.call import Call
from ...wire.frame import Frame, Frames
from ...wire.sse import SseFrames
from ..base import EncodedRequest
from ..common.fields import read_text
from ..failure import error_from_response, parse_body
from ..operations.operation import OperationCodec, count_reader
from .quirks import GeminiQuirks
from .request import full_name, model_path, write_request
from .response import GeminiReader

SECONDS = re.compile(r"([0-9.]+)s")


class Gemini:
    """Stateless codec; one instance is enough."""

    name = "gemini"

    def encode(self, call: Call, quirks: GeminiQuirks) -> EncodedRequest:
        return write_request(call, quirks)

    def frames(self) -> Frames:
        return SseFrames()

    def decoder(self, quirks: GeminiQuirks) -> GeminiReader:
        return GeminiReader()

    def error(self, head: Head, body: bytes) -> CallError:
        return read_error(head, parse_body(body))


def read_error(head: Head, body: Any) -> CallError:
    """Read `{"error": {"code", "message", "status", "details"}}`, alone or in a list."""
    data = body[0] if isinstance(body, list) and body else body
    error = data.get("error") if isinstance(data, dict) else None
    if not isinstance(error, dict):
        # Gateways use their own error format.
        loose = error if isinstance(error, str) else read_text(data, "message") if isinstance(data, dict) else ""
        return error_from_response(head, body, loose or None)
    code, status = error.get("code"), error.get("status")
    match = error_from_response(
        Head(head.status or (code if isinstance(code, int) else 0), head.headers),
        body,
        read_text(error, "message") or None,
        None if code is None else str(code),
        status if isinstance(status, str) else None,
    )
    wait = retry_delay(error.get("details"))
    if wait is None:
        return match
    match.retry_after = wait
    # "You exceeded your current quota" with a retry delay is a rate limit, not an empty account.
    return as_rate_limit(match) if type(match) is QuotaError else match


def as_rate_limit(match: CallError) -> CallError:
    return RateLimitError(
        match.message,
        status=match.status,
        request_id=match.request_id,
        provider_code=match.provider_code,
        provider_type=match.provider_type,
        retry_after=match.retry_after,
        body=match.body,
    )


def retry_delay(details: Any) -> float | None:
    """Return the retry delay from the error details."""
    for detail in details if isinstance(details, list) else ():
        text = detail.get("retryDelay") if isinstance(detail, dict) else None
        if isinstance(text, str) and (match := SECONDS.fullmatch(text)):
            return float(match[1])
    return None


CODEC = Gemini()


class ChatAdapterReader:
    """Decodes a chat response and converts it with `_read`."""

    __slots__ = ("_reader",)

    def __init__(self) -> None:
        self._reader = GeminiReader()

    def whole(self, body: Any) -> Iterator[Delta]:
        yield from self._read(self._reader.whole(body))

    def frame(self, frame: Frame) -> Iterable[Delta]:
        return list(self._read(self._reader.frame(frame)))

    def finish(self) -> Iterable[Delta]:
        return list(self._read(self._reader.finish()))

    def _read(self, deltas: Iterable[Delta]) -> Iterator[Delta]:
        raise NotImplementedError


def write_count(call: Call, quirks: GeminiQuirks) -> EncodedRequest:
    request, name = write_request(call, quirks), call.endpoint.ai_model.model_name
    path = quirks.path.format(model=model_path(name), name=model_path(name), method="countTokens")
    if not quirks.counts_whole_request:
        return replace(request, path=path)
    return replace(request, path=path, body={"generateContentRequest": {"model": full_name(name), **request.body}})


COUNT_TOKENS = OperationCodec("gemini.count_tokens", write_count, count_reader("totalTokens"), read_error)
