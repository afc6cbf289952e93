"""Token counting: the Messages request without the fields that only affect the answer."""

from __future__ import annotations

from dataclasses import replace

from ...types.config.call import Call
from ..base import EncodedRequest
from ..operations.count_tokens import count_reader
from ..operations.operation import OperationCodec
from .codec import read_error
from .quirks import MessagesQuirks
from .request import write_request

COUNTED = frozenset(
    {
        *("model", "messages", "system", "tools", "tool_choice", "thinking", "cache_control"),
        *("output_config", "output_format", "mcp_servers", "context_management", "speed"),
    }
)


def write(call: Call, quirks: MessagesQuirks) -> EncodedRequest:
    request = write_request(call, quirks)
    body = {name: value for name, value in request.body.items() if name in COUNTED}
    return replace(request, path=f"{request.path}/count_tokens", body=body)


CODEC = OperationCodec("anthropic.count_tokens", write, count_reader("input_tokens"), read_error)
