"""The codec: what the rest of the house sees of Cohere v2."""

from __future__ import annotations

from typing import Any

from ...errors import CallError
from ...types.call import Call
from ...wire.frame import Frames
from ...wire.http import Head
from ...wire.sse import SseFrames
from ..base import Outgoing
from ..failure import failure, parse_body
from ..told import named, section, words
from .quirks import CohereQuirks
from .request import write_request
from .response import CohereReader


class Cohere:
    """Stateless; one is enough."""

    name = "cohere"

    def encode(self, call: Call, quirks: CohereQuirks) -> Outgoing:
        return write_request(call, quirks)

    def frames(self) -> Frames:
        return SseFrames()

    def decoder(self, quirks: CohereQuirks) -> CohereReader:
        return CohereReader()

    def error(self, head: Head, body: bytes) -> CallError:
        return read_error(head, parse_body(body))


def read_error(head: Head, body: Any) -> CallError:
    """`{"message", "error_type", "id"}`."""
    told = body if isinstance(body, dict) else {}
    loose = next((said for name in ("message", "error", "detail") if (said := words(told, name))), None)
    error = failure(
        head, body, words(section(told, "error"), "message") or loose, None, words(told, "error_type") or None
    )
    error.request_id = error.request_id or named(told, "id")
    return error


CODEC = Cohere()
