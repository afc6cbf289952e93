"""The Responses codec and its errors; background responses and token counts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ...errors import CallError
from ...http.protocol.message import Head
from ...types.config.call import Call
from ...wire.sse import Frames, SseFrames
from ..base import EncodedRequest
from ..common.request import quote_segment
from ..error_mapping import parse_body
from ..operations.operation import OperationCodec, count_reader
from .quirks import ResponsesQuirks
from .request import write_request
from .response import UNDER_WAY, ResponsesReader, read_error


class OpenAIResponses:
    """Stateless codec; one instance is enough."""

    name = "openai_responses"

    def encode(self, call: Call, quirks: ResponsesQuirks) -> EncodedRequest:
        return write_request(call, quirks)

    def frames(self) -> Frames:
        return SseFrames()

    def decoder(self, quirks: ResponsesQuirks) -> ResponsesReader:
        return ResponsesReader(quirks)

    def is_pending(self, body: Any) -> bool:
        """Whether the response is not finished yet."""
        return isinstance(body, dict) and body.get("status") in UNDER_WAY

    def retrieve_request(self, answer_id: str, quirks: ResponsesQuirks, after: int | None = None) -> EncodedRequest:
        """Request a response by id: its current state, or a stream of the events after one."""
        query = "" if after is None else f"?stream=true&starting_after={after}"
        return EncodedRequest(f"{quirks.path}/{quote_segment(answer_id)}{query}", {}, method="GET", background=True)

    def stop(self, answer_id: str, quirks: ResponsesQuirks) -> EncodedRequest:
        """Request to cancel a response."""
        return EncodedRequest(f"{quirks.path}/{quote_segment(answer_id)}/cancel", {})

    def error(self, head: Head, body: bytes) -> CallError:
        return read_error(head, parse_body(body))


CODEC = OpenAIResponses()


COUNTED = frozenset(
    {
        *("model", "input", "instructions", "tools", "tool_choice", "parallel_tool_calls", "reasoning"),
        *("text", "truncation", "conversation", "previous_response_id", "personality"),
    }
)


def write_count(call: Call, quirks: ResponsesQuirks) -> EncodedRequest:
    request = write_request(call, quirks)
    body = {name: value for name, value in request.body.items() if name in COUNTED}
    return replace(request, path=f"{request.path}/input_tokens", body=body)


COUNT_TOKENS = OperationCodec("openai_responses.count_tokens", write_count, count_reader("input_tokens"), read_error)
