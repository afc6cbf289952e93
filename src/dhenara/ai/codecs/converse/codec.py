"""The Converse codec, and token counts of requests."""

from __future__ import annotations

from dataclasses import replace

from ...errors import CallError
from ...http.protocol.message import Head
from ...types.config.call import Call
from ...wire.eventstream import EventStreamFrames
from ...wire.sse import Frames
from ..base import EncodedRequest
from ..common.request import quote_segment
from ..error_mapping import aws_error, parse_body
from ..operations.operation import OperationCodec, count_reader
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


COUNTED = frozenset({"messages", "system", "toolConfig", "additionalModelRequestFields"})


def write_count(call: Call, quirks: ConverseQuirks) -> EncodedRequest:
    request = write_request(call, quirks)
    counted = {name: value for name, value in request.body.items() if name in COUNTED}
    model = quote_segment(call.endpoint.ai_model.model_name)
    return replace(request, path=f"/model/{model}/count-tokens", body={"input": {"converse": counted}})


COUNT_TOKENS = OperationCodec("converse.count_tokens", write_count, count_reader("inputTokens"), aws_error)
