"""Token counts of Gemini: the request itself, inside another one."""

from __future__ import annotations

from ...dataclass import replace
from ...types.call import Call
from ..base import Outgoing
from ..counting import counted_in
from ..operation import OperationCodec
from .codec import read_error
from .naming import full_name, model_path
from .quirks import GeminiQuirks
from .request import write_request


def write(call: Call, quirks: GeminiQuirks) -> Outgoing:
    asked, name = write_request(call, quirks), call.endpoint.ai_model.model_name
    path = quirks.path.format(model=model_path(name), name=model_path(name), method="countTokens")
    if not quirks.counts_whole_request:
        return replace(asked, path=path)
    return replace(asked, path=path, body={"generateContentRequest": {"model": full_name(name), **asked.body}})


CODEC = OperationCodec("gemini.count_tokens", write, counted_in("totalTokens"), read_error)
