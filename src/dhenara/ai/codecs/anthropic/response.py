"""Responses: complete and streamed Messages, decoded by the same functions."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from ...errors import CallError
from ...http.protocol.message import Head
from ...types.chat.delta import (
    CitationDelta,
    Delta,
    ErrorDelta,
    FinishDelta,
    FinishReason,
    ReasoningDelta,
    ResponseStart,
    ServerToolDelta,
    StreamEnd,
    TextDelta,
    UsageDelta,
)
from ...types.chat.usage import Usage, reported_usage
from ...wire import json
from ...wire.eventstream import EventStreamFrames
from ...wire.sse import BrokenFraming, Frame
from ..common.response_fields import (
    Report,
    TokenReport,
    Wire,
    count,
    invalid_counts,
    read_extras,
    read_index,
    read_int,
    read_ints,
    read_name,
    read_object,
    read_objects,
    read_text,
    reported_cost,
    split,
    unread_warning,
    usage_deltas,
)
from ..error_mapping import MESSAGES, aws_error, contains_error, error_from_response, missing_response, refuse_foreign
from .response_parts import BlockReader, read_citation

MAIN_COUNTS = frozenset({"input_tokens", "output_tokens"})
"""Counts that every report has."""

BILLED_SEPARATELY = ("compaction", "advisor_message")
"""Steps that are billed and not in the counts of the message, maybe at the price of another model."""


def read_usage(report: Report) -> Usage:
    """Convert the report to counts that do not overlap."""
    details = read_object(report, "output_tokens_details")
    made = {"reasoning_tokens": read_int(details, "thinking_tokens")} if details else {}
    read = count(report, "input_tokens")
    buckets = split(TokenReport(0, count(report, "output_tokens"), None, made=made))
    missing = ("input_tokens",) if read is None else ()
    has_more = not MAIN_COUNTS.issuperset(report)
    billed = separately_billed(report) if has_more else ()
    return reported_usage(
        {
            **buckets.counts,
            "input_tokens": read or 0,
            "unclear": (*missing, *buckets.unclear, *billed, *invalid_counts(report)),
            "raw": dict(report),
            **(read_further(report) if has_more else {}),
        }
    )


def read_further(report: Report) -> dict[str, Any]:
    """Return the tokens of the cache, the calls of tools, and the cost."""
    stored = read_object(report, "cache_creation")
    short, long = read_int(stored, "ephemeral_5m_input_tokens"), read_int(stored, "ephemeral_1h_input_tokens")
    written = read_int(report, "cache_creation_input_tokens") or short + long
    return {
        "cache_read_tokens": read_int(report, "cache_read_input_tokens"),
        "cache_write_tokens": max(0, written - long),
        "cache_write_1h_tokens": min(long, written),
        "server_tool_requests": read_ints(read_object(report, "server_tool_use")),
        "reported_cost": reported_cost(report),
    }


def separately_billed(report: Report) -> tuple[str, ...]:
    """Return the field of steps that are billed in addition to the counts of the message, or by another model."""
    steps = read_objects(report, "iterations")
    is_extra = any(step.get("type") in BILLED_SEPARATELY for step in steps)
    writers = {read_text(step, "model") for step in steps if read_int(step, "output_tokens")} - {""}
    return ("iterations",) if is_extra or len(writers) > 1 else ()


FINISH: dict[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "tool_use": "tool_calls",
    "pause_turn": "pause",
    "compaction": "pause",
    "refusal": "refusal",
    "model_context_window_exceeded": "context_length",
}
EXTRA_FIELDS = ("container", "context_management", "input_transformations", "diagnostics")


class MessagesReader:
    """Decodes one response: its blocks in order, and the fields around them."""

    __slots__ = ("_began", "_blocks", "_data", "_usage")

    def __init__(self) -> None:
        self._began = False
        self._blocks: dict[int, BlockReader] = {}
        self._data = 0
        self._usage: Wire = {}

    def whole(self, body: Any) -> list[Delta]:
        refuse_foreign(body, MESSAGES)
        if not is_message(body):
            if not contains_error(body):
                raise missing_response(MESSAGES)
            return [ErrorDelta(stream_error(body))]
        return [*self._begin(body), *self._end(body, read_object(body, "usage")), StreamEnd()]

    def frame(self, frame: Frame) -> Iterable[Delta]:
        data = frame.data
        event = json.loads(data) if data[:1] == b"{" or data.strip() else None
        if event is None or event.__class__ is not dict:
            return ()
        return self._usual_text(event) or self._read(event, frame.event)

    def finish(self) -> Iterator[Delta]:
        """Return the blocks that were not closed."""
        for block in self._blocks.values():
            yield from block.close()

    def _usual_text(self, event: Wire) -> Sequence[Delta] | None:
        """Return the text of an event that has nothing else that is new; None for an event that `_read` has to read."""
        try:
            delta, index = event["delta"], event["index"]
            text, block = delta["text"], self._blocks[index]
            is_text = event["type"] == "content_block_delta" and delta["type"] == "text_delta"
        except (LookupError, TypeError):
            return None
        if not is_text or text.__class__ is not str or index.__class__ is not int or block.buffered is not None:
            return None
        return (TextDelta(block.part, text),)

    def _read(self, event: Wire, name: str | None) -> Iterable[Delta]:
        kind: Any = event.get("type")
        read = EVENTS.get(kind if kind.__class__ is str else name or "")
        if read is None:
            refuse_foreign(event, MESSAGES)
            return ()
        return read(self, event)

    def _message_start(self, event: Wire) -> list[Delta]:
        message = read_object(event, "message")
        self._began = bool(message)
        # Servers that have the complete response send its stop reason already here.
        is_whole = bool(read_text(message, "stop_reason"))
        return [*self._begin(message), *self._end(message, read_object(message, "usage"), whole=is_whole)]

    def _block_start(self, event: Wire) -> Iterator[Delta]:
        return self._open(read_index(event, "index", self._data)).start(read_object(event, "content_block"))

    def _block_delta(self, event: Wire) -> Iterable[Delta]:
        index, delta = event.get("index"), event.get("delta")
        if index is None or index.__class__ is not int:
            index = read_index(event, "index", max(0, self._data - 1))
        block = self._blocks[index] if index in self._blocks else self._open(index)
        if delta is None or delta.__class__ is not dict:
            return ()
        kind = delta.get("type")
        if block.buffered is not None or not isinstance(kind, str) or kind not in BLOCK_DELTAS:
            return block.add_delta(delta)
        return BLOCK_DELTAS[kind](block, delta)

    def _block_stop(self, event: Wire) -> Iterator[Delta]:
        block = self._blocks.get(read_index(event, "index", self._data - 1))
        return iter(()) if block is None else block.close()

    def _open(self, index: int) -> BlockReader:
        """Some gateways give every block index 0; a block that starts again is a new one."""
        block = self._blocks[index] = BlockReader(self._data)
        self._data += 1
        return block

    def _message_delta(self, event: Wire) -> list[Delta]:
        data = {**read_object(event, "delta"), **{name: event[name] for name in EXTRA_FIELDS if event.get(name)}}
        return self._end(data, read_object(event, "usage"))

    def _message_stop(self, event: Wire) -> Iterable[Delta]:
        """An end without a message before it is none: the stream is broken then."""
        return (StreamEnd(),) if self._began or self._data else ()

    def _error(self, event: Wire) -> Iterable[Delta]:
        return (ErrorDelta(stream_error(event)),)

    def _begin(self, message: Wire) -> list[Delta]:
        """A message may start with complete blocks."""
        deltas: list[Delta] = [ResponseStart(read_name(message, "id"), read_name(message, "model"))]
        content = message.get("content")
        for block in (
            [{"type": "text", "text": content}] if isinstance(content, str) else read_objects(message, "content")
        ):
            reader = self._open(self._data)
            deltas += reader.start(block)
            deltas += reader.close()
        deltas += unread_warning(content)
        return deltas

    def _end(self, data: Wire, usage: Wire, *, whole: bool = True) -> list[Delta]:
        deltas: list[Delta] = [*self._usage_deltas(usage, whole)] if usage else []
        if extras := read_extras(data, EXTRA_FIELDS):
            deltas.append(ResponseStart(extras=extras))
            deltas += self._container(read_object(data, "container"))
        if raw := read_text(data, "stop_reason"):
            details, stop = data.get("stop_details"), read_text(data, "stop_sequence")
            explanation = read_text(details, "explanation") if isinstance(details, dict) else ""
            reason = FINISH.get(raw, "other")
            if reason == "stop" and any(block.is_call for block in self._blocks.values()):
                reason = "tool_calls"
            deltas.append(FinishDelta(reason, raw, stop or None, explanation or None))
        return deltas

    def _container(self, container: Wire) -> Iterable[Delta]:
        """Keep the container with the first call of a tool of the provider: the next request may need it."""
        block = next((one for one in self._blocks.values() if one.is_server_call), None)
        if not container or block is None:
            return ()
        return (ServerToolDelta(block.part, extras={"container": container}),)

    def _usage_deltas(self, usage: Wire, whole: bool) -> Iterable[Delta]:
        """Later counts replace earlier ones; what they leave out still holds. Only the last ones have to add up."""
        self._usage.update({name: value for name, value in usage.items() if value is not None})
        totals = read_usage(self._usage)
        return usage_deltas(totals) if whole else (UsageDelta(totals),)


EVENTS: dict[str, Callable[[MessagesReader, Wire], Iterable[Delta]]] = {
    "message_start": MessagesReader._message_start,
    "content_block_start": MessagesReader._block_start,
    "content_block_delta": MessagesReader._block_delta,
    "content_block_stop": MessagesReader._block_stop,
    "message_delta": MessagesReader._message_delta,
    "message_stop": MessagesReader._message_stop,
    "error": MessagesReader._error,
}
BLOCK_DELTAS: dict[str, Callable[[BlockReader, Wire], Iterable[Delta]]] = {
    "text_delta": lambda block, delta: (TextDelta(block.part, read_text(delta, "text")),),
    "input_json_delta": lambda block, delta: block.arguments(read_text(delta, "partial_json")),
    "thinking_delta": lambda block, delta: (ReasoningDelta(block.part, read_text(delta, "thinking")),),
    "signature_delta": lambda block, delta: (
        ReasoningDelta(block.part, signature=read_text(delta, "signature") or None),
    ),
    "citations_delta": lambda block, delta: (CitationDelta(block.part, read_citation(read_object(delta, "citation"))),),
}


def is_message(body: Wire) -> bool:
    """Whether this body is a message. With a type and a stop reason, its content may be null or of another shape."""
    if not body.get("stop_reason"):
        return isinstance(body.get("content"), list | str) and bool(body["content"])
    return isinstance(body.get("content"), list | str) or ("content" in body and read_text(body, "type") == "message")


def stream_error(event: Wire) -> Exception:
    """Return the error for an error event; its type stands in for the HTTP status."""
    return read_error(Head(0), event)


def read_error(head: Head, body: Any) -> CallError:
    """Read `{"type": "error", "error": {"type", "message"}, "request_id"}`, as a body or as a stream event.

    Cloud gateways send their own form: the same with a code and a status, or only `{"message"}`.
    """
    reply = body[0] if isinstance(body, list) and body else body
    data = reply.get("error") if isinstance(reply, dict) else None
    if not isinstance(reply, dict) or not isinstance(data, dict):
        return aws_error(head, reply)
    message, kind, code = data.get("message"), data.get("type") or data.get("status"), data.get("code")
    words = message if isinstance(message, str) else None
    error = error_from_response(
        head, body, words, None if code is None else str(code), kind if isinstance(kind, str) else None
    )
    error.request_id = error.request_id or reply.get("request_id")
    return error


class ChunkFrames:
    """Yields a frame for each event in the chunks; exceptions become the matching error event."""

    __slots__ = ("_outer",)

    def __init__(self) -> None:
        self._outer = EventStreamFrames()

    def feed(self, chunk: bytes) -> list[Frame]:
        return [inner for frame in self._outer.feed(chunk) if (inner := open_chunk(frame)) is not None]

    def finish(self) -> list[Frame]:
        return [inner for frame in self._outer.finish() if (inner := open_chunk(frame)) is not None]


def open_chunk(frame: Frame) -> Frame | None:
    """Decode a chunk; None for unknown kinds."""
    if frame.headers.get(":message-type") in ("exception", "error"):
        return error_frame(frame)
    if frame.event != "chunk":
        return None
    try:
        return Frame(b64decode(json.loads(frame.data)["bytes"], validate=True))
    except (ValueError, KeyError, TypeError) as error:
        raise BrokenFraming(f"cannot decode a chunk: {error!r}") from error


def error_frame(frame: Frame) -> Frame:
    try:
        payload: Any = json.loads(frame.data) if frame.data else {}
    except ValueError:
        payload = {}
    text = payload.get("message") if isinstance(payload, dict) else None
    words = text or frame.headers.get(":error-message") or f"the stream failed with {frame.event}"
    error = {"type": EXCEPTIONS.get(frame.event or "", frame.event), "message": str(words)}
    return Frame(json.dumps({"type": "error", "error": error}), "error")


# The error types that Anthropic uses for these exceptions.
EXCEPTIONS = {
    "throttlingException": "rate_limit_error",
    "validationException": "invalid_request_error",
    "accessDeniedException": "permission_error",
    "modelTimeoutException": "timeout_error",
    "modelStreamErrorException": "api_error",
    "serviceUnavailableException": "overloaded_error",
    "internalServerException": "api_error",
}
