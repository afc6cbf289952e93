"""The Ollama chat codec."""

from __future__ import annotations

from ...errors import CallError
from ...http.protocol.message import Head
from ...types.config.call import Call
from ...wire.sse import Frames, NdjsonFrames
from ..base import EncodedRequest
from ..error_mapping import parse_body
from .quirks import OllamaQuirks
from .request import write_request
from .response import OllamaReader, read_error


class Ollama:
    """Stateless codec; one instance is enough."""

    name = "ollama"

    def encode(self, call: Call, quirks: OllamaQuirks) -> EncodedRequest:
        return write_request(call, quirks)

    def frames(self) -> Frames:
        return NdjsonFrames()

    def decoder(self, quirks: OllamaQuirks) -> OllamaReader:
        return OllamaReader()

    def error(self, head: Head, body: bytes) -> CallError:
        return read_error(head, parse_body(body))


CODEC = Ollama()
