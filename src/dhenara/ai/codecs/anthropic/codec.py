"""The Anthropic Messages codec."""

from __future__ import annotations

from typing import Any

from ...errors import CallError
from ...http.protocol.message import Head
from ...types.config.call import Call
from ...wire.frame import Frames
from ...wire.sse import SseFrames
from ..base import EncodedRequest
from ..failure import aws_error, error_from_response, parse_body
from .quirks import MessagesQuirks
from .request import write_request
from .response import MessagesReader


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


def read_error(head: Head, body: Any) -> CallError:
    """Read `{"type": "error", "error": {"type", "message"}, "request_id"}`, as a body or as a stream event.

    Cloud gateways send their own form: the same with a code and a status, or only `{"message"}`.
    """
    reply = body[0] if isinstance(body, list) and body else body
    data = reply.get("error") if isinstance(reply, dict) else None
    if not isinstance(reply, dict) or not isinstance(data, dict):
        return aws_error(head, reply)
    message, kind, code = data.get("message"), data.get("type") or data.get("status"), data.get("code")
    words = message if isinstance(message, str) else None
    error = error_from_response(
        head, body, words, None if code is None else str(code), kind if isinstance(kind, str) else None
    )
    error.request_id = error.request_id or reply.get("request_id")
    return error


CODEC = Anthropic()
