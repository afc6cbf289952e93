"""The Cohere v2 codec."""

from __future__ import annotations

from typing import Any

from ...errors import CallError
from ...http.protocol.message import Head
from ...types.config.call import Call
from ...wire.frame import Frames
from ...wire.sse import SseFrames
from ..base import EncodedRequest
from ..common.fields import read_name, read_object, read_text
from ..failure import error_from_response, parse_body
from .quirks import CohereQuirks
from .request import write_request
from .response import CohereReader


class Cohere:
    """Stateless codec; one instance is enough."""

    name = "cohere"

    def encode(self, call: Call, quirks: CohereQuirks) -> EncodedRequest:
        return write_request(call, quirks)

    def frames(self) -> Frames:
        return SseFrames()

    def decoder(self, quirks: CohereQuirks) -> CohereReader:
        return CohereReader()

    def error(self, head: Head, body: bytes) -> CallError:
        return read_error(head, parse_body(body))


def read_error(head: Head, body: Any) -> CallError:
    """`{"message", "error_type", "id"}`."""
    data = body if isinstance(body, dict) else {}
    loose = next((text for name in ("message", "error", "detail") if (text := read_text(data, name))), None)
    error = error_from_response(
        head,
        body,
        read_text(read_object(data, "error"), "message") or loose,
        None,
        read_text(data, "error_type") or None,
    )
    error.request_id = error.request_id or read_name(data, "id")
    return error


CODEC = Cohere()
