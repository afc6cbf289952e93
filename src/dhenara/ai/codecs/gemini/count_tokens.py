"""Token counting: the request nested in another one."""

from __future__ import annotations

from dataclasses import replace

from ...types.config.call import Call
from ..base import EncodedRequest
from ..operations.count_tokens import count_reader
from ..operations.operation import OperationCodec
from .codec import read_error
from .quirks import GeminiQuirks
from .request import full_name, model_path, write_request


def write(call: Call, quirks: GeminiQuirks) -> EncodedRequest:
    request, name = write_request(call, quirks), call.endpoint.ai_model.model_name
    path = quirks.path.format(model=model_path(name), name=model_path(name), method="countTokens")
    if not quirks.counts_whole_request:
        return replace(request, path=path)
    return replace(request, path=path, body={"generateContentRequest": {"model": full_name(name), **request.body}})


CODEC = OperationCodec("gemini.count_tokens", write, count_reader("totalTokens"), read_error)
