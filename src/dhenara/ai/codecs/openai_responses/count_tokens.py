"""Token counting: the Responses request without the fields that only affect the answer."""

from __future__ import annotations

from dataclasses import replace

from ...types.config.call import Call
from ..base import EncodedRequest
from ..operations.count_tokens import count_reader
from ..operations.operation import OperationCodec
from .codec import read_error
from .quirks import ResponsesQuirks
from .request import write_request

COUNTED = frozenset(
    {
        *("model", "input", "instructions", "tools", "tool_choice", "parallel_tool_calls", "reasoning"),
        *("text", "truncation", "conversation", "previous_response_id", "personality"),
    }
)


def write(call: Call, quirks: ResponsesQuirks) -> EncodedRequest:
    request = write_request(call, quirks)
    body = {name: value for name, value in request.body.items() if name in COUNTED}
    return replace(request, path=f"{request.path}/input_tokens", body=body)


CODEC = OperationCodec("openai_responses.count_tokens", write, count_reader("input_tokens"), read_error)
