"""The Cohere chat codec."""

from __future__ import annotations

from ...errors import CallError
from ...http.protocol.message import Head
from ...types.config.call import Call
from ...wire.sse import Frames, SseFrames
from ..base import EncodedRequest
from ..error_mapping import parse_body
from .quirks import CohereQuirks
from .request import write_request
from .response import CohereReader, read_error


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


CODEC = Cohere()
