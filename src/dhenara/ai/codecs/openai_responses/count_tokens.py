"""Token counts of Responses: the request itself, without what only its answer needs."""

from __future__ import annotations

from ...dataclass import replace
from ...types.call import Call
from ..base import Outgoing
from ..counting import counted_in
from ..operation import OperationCodec
from .codec import read_error
from .quirks import ResponsesQuirks
from .request import write_request

COUNTED = frozenset(
    {
        *("model", "input", "instructions", "tools", "tool_choice", "parallel_tool_calls", "reasoning"),
        *("text", "truncation", "conversation", "previous_response_id", "personality"),
    }
)


def write(call: Call, quirks: ResponsesQuirks) -> Outgoing:
    asked = write_request(call, quirks)
    body = {name: value for name, value in asked.body.items() if name in COUNTED}
    return replace(asked, path=f"{asked.path}/input_tokens", body=body)


CODEC = OperationCodec("openai_responses.count_tokens", write, counted_in("input_tokens"), read_error)
