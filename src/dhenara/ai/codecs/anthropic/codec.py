"""The Anthropic Messages codec."""

from __future__ import annotations

from ...errors import CallError
from ...http.protocol.message import Head
from ...types.config.call import Call
from ...wire.frame import Frames
from ...wire.sse import SseFrames
from ..base import EncodedRequest
from ..failure import parse_body
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
