"""Messages events in AWS's event stream: each is the base64 text of one chunk."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

from ...wire import json
from ...wire.eventstream import EventStreamFrames
from ...wire.frame import BrokenFraming, Frame


class ChunkFrames:
    """Yields a frame for each event in the chunks; exceptions become the matching error event."""

    __slots__ = ("_outer",)

    def __init__(self) -> None:
        self._outer = EventStreamFrames()

    def feed(self, chunk: bytes) -> list[Frame]:
        return [inner for frame in self._outer.feed(chunk) if (inner := open_chunk(frame)) is not None]

    def finish(self) -> list[Frame]:
        return [inner for frame in self._outer.finish() if (inner := open_chunk(frame)) is not None]


def open_chunk(frame: Frame) -> Frame | None:
    """Decode a chunk; None for unknown kinds."""
    if frame.headers.get(":message-type") in ("exception", "error"):
        return error_frame(frame)
    if frame.event != "chunk":
        return None
    try:
        return Frame(b64decode(json.loads(frame.data)["bytes"], validate=True))
    except (ValueError, KeyError, TypeError) as error:
        raise BrokenFraming(f"cannot decode a chunk: {error!r}") from error


def error_frame(frame: Frame) -> Frame:
    try:
        payload: Any = json.loads(frame.data) if frame.data else {}
    except ValueError:
        payload = {}
    text = payload.get("message") if isinstance(payload, dict) else None
    words = text or frame.headers.get(":error-message") or f"the stream failed with {frame.event}"
    error = {"type": EXCEPTIONS.get(frame.event or "", frame.event), "message": str(words)}
    return Frame(json.dumps({"type": "error", "error": error}), "error")


# The error types that Anthropic uses for these exceptions.
EXCEPTIONS = {
    "throttlingException": "rate_limit_error",
    "validationException": "invalid_request_error",
    "accessDeniedException": "permission_error",
    "modelTimeoutException": "timeout_error",
    "modelStreamErrorException": "api_error",
    "serviceUnavailableException": "overloaded_error",
    "internalServerException": "api_error",
}
