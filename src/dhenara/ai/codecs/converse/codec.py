"""The codec: what the rest of the house sees of Converse."""

from __future__ import annotations

from typing import Any

from ...errors import CallError
from ...types.call import Call
from ...wire.eventstream import EventStreamFrames
from ...wire.frame import Frames
from ...wire.http import Head
from ..base import Outgoing
from ..failure import failure, parse_body
from .quirks import ConverseQuirks
from .request import write_request
from .response import ConverseReader


class Converse:
    """Stateless; one is enough."""

    name = "converse"

    def encode(self, call: Call, quirks: ConverseQuirks) -> Outgoing:
        return write_request(call, quirks)

    def frames(self) -> Frames:
        return EventStreamFrames()

    def decoder(self, quirks: ConverseQuirks) -> ConverseReader:
        return ConverseReader()

    def error(self, head: Head, body: bytes) -> CallError:
        return read_error(head, parse_body(body))


def read_error(head: Head, body: Any) -> CallError:
    """The words are in the body; what kind of error it is stands in a header."""
    message = (body.get("message") or body.get("Message")) if isinstance(body, dict) else None
    kind = head.headers.get("x-amzn-errortype", "").split(":")[0] or None
    return failure(head, body, message if isinstance(message, str) else None, None, kind)


CODEC = Converse()
