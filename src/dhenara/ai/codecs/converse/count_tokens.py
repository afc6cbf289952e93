"""Token counting: the parts of a Converse request that count as input."""

from __future__ import annotations

from dataclasses import replace

from ...types.config.call import Call
from ..base import EncodedRequest
from ..common.paths import quote_segment
from ..failure import aws_error
from ..operations.count_tokens import count_reader
from ..operations.operation import OperationCodec
from .quirks import ConverseQuirks
from .request import write_request

COUNTED = frozenset({"messages", "system", "toolConfig", "additionalModelRequestFields"})


def write(call: Call, quirks: ConverseQuirks) -> EncodedRequest:
    request = write_request(call, quirks)
    read = {name: value for name, value in request.body.items() if name in COUNTED}
    model = quote_segment(call.endpoint.ai_model.model_name)
    return replace(request, path=f"/model/{model}/count-tokens", body={"input": {"converse": read}})


CODEC = OperationCodec("converse.count_tokens", write, count_reader("inputTokens"), aws_error)
