"""Responses: complete and streamed Ollama answers; a complete one is a single event with `done`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

from ...errors import CallError
from ...http.protocol.message import Head
from ...types.chat.delta import (
    Delta,
    ErrorDelta,
    FinishDelta,
    FinishReason,
    LogprobsDelta,
    MediaDelta,
    ReasoningDelta,
    ResponseStart,
    StreamEnd,
    TextDelta,
    ToolCallDelta,
    WarningDelta,
)
from ...types.chat.report import CallWarning
from ...types.chat.usage import Usage
from ...wire import json
from ...wire.sse import Frame
from ..base import EncodedRequest, RequestAware
from ..common.nested_output import ThinkTagParser
from ..common.response_fields import (
    Report,
    Wire,
    count,
    invalid_counts,
    read_extras,
    read_int,
    read_name,
    read_object,
    read_objects,
    read_text,
    usage_deltas,
)
from ..error_mapping import OLLAMA, error_from_response, missing_response, refuse_foreign
from .messages import is_prompt_truncated

COUNTS = (
    *("prompt_eval_count", "eval_count", "total_duration", "load_duration"),
    *("prompt_eval_duration", "eval_duration"),
)

NEEDED = (("prompt_eval_count", "input_tokens"), ("eval_count", "output_tokens"))


def read_usage(report: Report) -> Usage:
    """Convert the report; reasoning is included in the output, and durations are kept in `raw`."""
    data = {name: report[name] for name in COUNTS if name in report}
    return Usage(
        input_tokens=read_int(report, "prompt_eval_count"),
        output_tokens=read_int(report, "eval_count"),
        unclear=(*(name for field, name in NEEDED if count(data, field) is None), *invalid_counts(data)),
        raw=data,
    )


FINISH: dict[str, FinishReason] = {"stop": "stop", "length": "length"}
EXTRA_FIELDS = ("created_at", "remote_model", "remote_host")


class OllamaReader(RequestAware):
    """Decodes one response. Needs the request, because a truncated prompt shows only in the token count."""

    __slots__ = ("_began", "_body", "_calls", "_images", "_seed", "_tags")

    def __init__(self) -> None:
        self._began = False
        self._body: Wire = {}
        self._calls = 0
        self._images = 0
        self._seed = ""
        self._tags = ThinkTagParser()

    def set_request(self, encoded: EncodedRequest) -> None:
        self._body = encoded.body

    def whole(self, body: Any) -> Iterator[Delta]:
        return self._read(body)

    def frame(self, frame: Frame) -> list[Delta]:
        return list(self._read(json.loads(frame.data)))

    def finish(self) -> Iterator[Delta]:
        return self._split(self._tags.finish())

    def _read(self, data: Wire) -> Iterator[Delta]:
        if not isinstance(data, dict):
            raise ValueError(f"expected an object, got {type(data).__name__}")
        if data.get("error"):
            yield ErrorDelta(read_error(Head(0), data))
            return
        if not self._began:
            refuse_foreign(data, OLLAMA)
            if not read_object(data, "message") and "done_reason" not in data:
                raise missing_response(OLLAMA)
        if not self._began:
            yield self._begin(data)
        yield from self._read_message(read_object(data, "message"))
        if tokens := read_objects(data, "logprobs"):
            yield LogprobsDelta(tokens)
        if data.get("done"):
            yield from self._end(data)

    def _begin(self, data: Wire) -> Delta:
        self._began = True
        self._seed = str(data.get("created_at") or "")
        return ResponseStart(None, read_name(data, "model"), read_extras(data, EXTRA_FIELDS))

    def _read_message(self, message: Wire) -> Iterator[Delta]:
        if thought := read_text(message, "thinking"):
            yield ReasoningDelta("thinking", thought)
        if text := read_text(message, "content"):
            yield from self._split(self._tags.feed(text))
        images = message.get("images")
        for image in images if isinstance(images, list) else ():
            if isinstance(image, str):
                yield MediaDelta(f"image{self._images}", "image", image)
                self._images += 1
        calls = read_objects(message, "tool_calls")
        if calls:
            yield from self._split(self._tags.finish())
        for call in calls:
            yield self._read_call(call)

    def _split(self, pieces: Iterable[tuple[bool, str]]) -> Iterator[Delta]:
        """Split text with reasoning in tags, as servers without a parser for the model send it."""
        for thinking, piece in pieces:
            yield ReasoningDelta("thinking", piece) if thinking else TextDelta("text", piece)

    def _read_call(self, call: Wire) -> Delta:
        """Read a complete call; missing ids are replaced by deterministic ones."""
        function = read_object(call, "function")
        name, arguments = read_text(function, "name"), function.get("arguments")
        text = arguments if isinstance(arguments, str) else json.dumps(arguments or {}).decode()
        part, self._calls = self._calls, self._calls + 1
        given = read_name(call, "id") or derive_call_id(self._seed, str(part), name, text)
        return ToolCallDelta(f"call{part}", given, name, text, verbatim=isinstance(arguments, str))

    def _end(self, data: Wire) -> Iterator[Delta]:
        yield from self.finish()
        if "prompt_eval_count" in data or "eval_count" in data:
            yield from usage_deltas(read_usage(data))
        if is_prompt_truncated(self._body, read_int(data, "prompt_eval_count")):
            yield WarningDelta(truncation_warning(self._body, read_int(data, "prompt_eval_count")))
        yield FinishDelta(self._reason(data), read_text(data, "done_reason") or None)
        yield StreamEnd()

    def _reason(self, data: Wire) -> FinishReason:
        """Return the finish reason; an answer that ends below its own limit has filled the context."""
        reason = FINISH.get(read_text(data, "done_reason") or "stop", "other")
        if reason == "stop" and self._calls:
            return "tool_calls"
        options = self._body.get("options", {})
        size, limit = options.get("num_ctx"), options.get("num_predict", -1)
        written = read_int(data, "eval_count")
        full = isinstance(size, int) and read_int(data, "prompt_eval_count") + written >= size
        return "context_length" if reason == "length" and full and written != limit else reason


def derive_call_id(*facts: str) -> str:
    return f"call_{hashlib.sha256(chr(0).join(facts).encode()).hexdigest()[:16]}"


def truncation_warning(body: Wire, prompt_tokens: int) -> CallWarning:
    size = body["options"]["num_ctx"]
    return CallWarning(
        code="dropped_content",
        message=(
            f"the prompt seems to be truncated to a context of {size} tokens: {prompt_tokens} were read. "
            "Set options={'num_ctx': ...} to a larger value, or send less; with strict=True this is an error."
        ),
        parameter="num_ctx",
    )


def read_error(head: Head, body: Any) -> CallError:
    """Read `{"error": "message"}`, as a body or as a line of a stream."""
    data = body.get("error") if isinstance(body, dict) else None
    if isinstance(data, dict):
        kind = data.get("type")
        return error_from_response(
            head, body, read_text(data, "message") or None, None, kind if isinstance(kind, str) else None
        )
    loose = read_text(body, "message") if isinstance(body, dict) else ""
    return error_from_response(head, body, data if isinstance(data, str) else loose or None)
