"""The codec: what the rest of the house sees of Anthropic Messages."""

from __future__ import annotations

from typing import Any

from ...errors import CallError
from ...types.call import Call
from ...wire.frame import Frames
from ...wire.http import Head
from ...wire.sse import SseFrames
from ..base import Outgoing
from ..failure import failure, parse_body, plain_failure
from .quirks import MessagesQuirks
from .request import write_request
from .response import MessagesReader


class Anthropic:
    """Stateless; one is enough."""

    name = "anthropic"

    def encode(self, call: Call, quirks: MessagesQuirks) -> Outgoing:
        return write_request(call, quirks)

    def frames(self) -> Frames:
        return SseFrames()

    def decoder(self, quirks: MessagesQuirks) -> MessagesReader:
        return MessagesReader()

    def error(self, head: Head, body: bytes) -> CallError:
        return read_error(head, parse_body(body))


def read_error(head: Head, body: Any) -> CallError:
    """`{"type": "error", "error": {"type", "message"}, "request_id"}`, as a body or as an event of a stream.

    Gateways of clouds refuse in words of their own: the same with a code and a status, or `{"message"}` alone.
    """
    said = body[0] if isinstance(body, list) and body else body
    told = said.get("error") if isinstance(said, dict) else None
    if not isinstance(told, dict):
        return plain_failure(head, said)
    message, kind, code = told.get("message"), told.get("type") or told.get("status"), told.get("code")
    words = message if isinstance(message, str) else None
    error = failure(head, body, words, None if code is None else str(code), kind if isinstance(kind, str) else None)
    error.request_id = error.request_id or said.get("request_id")
    return error


CODEC = Anthropic()
