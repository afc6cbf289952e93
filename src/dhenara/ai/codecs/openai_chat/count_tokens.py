"""Token counting of servers that support it: the request itself, at another path."""

from __future__ import annotations

from dataclasses import replace

from ...types.config.call import Call
from ..base import EncodedRequest
from ..operations.count_tokens import count_reader
from ..operations.operation import OperationCodec
from .codec import read_error
from .quirks import ChatQuirks
from .request import write_request


def write(call: Call, quirks: ChatQuirks) -> EncodedRequest:
    request = write_request(call, quirks)
    return replace(request, path=f"{request.path}/input_tokens")


CODEC = OperationCodec("openai_chat.count_tokens", write, count_reader("input_tokens"), read_error)
