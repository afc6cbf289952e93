"""The Converse codec."""

from __future__ import annotations

from ...errors import CallError
from ...http.protocol.message import Head
from ...types.config.call import Call
from ...wire.eventstream import EventStreamFrames
from ...wire.frame import Frames
from ..base import EncodedRequest
from ..error_mapping import aws_error, parse_body
from .quirks import ConverseQuirks
from .request import write_request
from .response import ConverseReader


class Converse:
    """Stateless codec; one instance is enough."""

    name = "converse"

    def encode(self, call: Call, quirks: ConverseQuirks) -> EncodedRequest:
        return write_request(call, quirks)

    def frames(self) -> Frames:
        return EventStreamFrames()

    def decoder(self, quirks: ConverseQuirks) -> ConverseReader:
        return ConverseReader()

    def error(self, head: Head, body: bytes) -> CallError:
        return aws_error(head, parse_body(body))


CODEC = Converse()
