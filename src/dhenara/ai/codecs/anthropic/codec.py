"""The Messages codec, also for events inside the event stream of AWS, and token counts of requests."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import replace
from typing import Any

from ...errors import CallError
from ...http.protocol.message import Head
from ...types.config.call import Call
from ...wire import json
from ...wire.eventstream import EventStreamFrames
from ...wire.sse import BrokenFraming, Frame, Frames, SseFrames
from ..base import EncodedRequest
from ..error_mapping import parse_body
from ..operations.operation import OperationCodec, count_reader
from .quirks import MessagesQuirks
from .request import write_request
from .response import MessagesReader, read_error


class Anthropic:
    """Stateless codec; one instance is enough."""

    name = "anthropic"

    def encode(self, call: Call, quirks: MessagesQuirks) -> EncodedRequest:
        return write_request(call, quirks)

    def frames(self) -> Frames:
        return SseFrames()

    def decoder(self, quirks: MessagesQuirks) -> MessagesReader:
        return MessagesReader()

    def error(self, head: Head, body: bytes) -> CallError:
        return read_error(head, parse_body(body))


CODEC = Anthropic()


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


COUNTED = frozenset(
    {
        *("model", "messages", "system", "tools", "tool_choice", "thinking", "cache_control"),
        *("output_config", "output_format", "mcp_servers", "context_management", "speed"),
    }
)


def write_count(call: Call, quirks: MessagesQuirks) -> EncodedRequest:
    request = write_request(call, quirks)
    body = {name: value for name, value in request.body.items() if name in COUNTED}
    return replace(request, path=f"{request.path}/count_tokens", body=body)


COUNT_TOKENS = OperationCodec("anthropic.count_tokens", write_count, count_reader("input_tokens"), read_error)
