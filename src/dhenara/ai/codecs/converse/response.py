"""Responses: complete Converse answers and event streams, decoded by the same functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal, get_args

from ...errors import CallError
from ...http.protocol.message import Head
from ...types.chat.delta import (
    CitationDelta,
    ContentDelta,
    Delta,
    ErrorDelta,
    FinishDelta,
    FinishReason,
    MediaDelta,
    ReasoningDelta,
    ResponseStart,
    ServerToolDelta,
    StreamEnd,
    TextDelta,
    ToolCallDelta,
)
from ...types.chat.usage import Usage, reported_usage
from ...types.content.parts import Citation, GenericContent
from ...wire import json
from ...wire.sse import Frame
from ..common.response_fields import (
    Report,
    TokenReport,
    Wire,
    address_of,
    build_citation,
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
    split,
    unread_warning,
    usage_deltas,
)
from ..error_mapping import CONVERSE, aws_error, contains_error, error_from_response, missing_response, refuse_foreign


def read_usage(report: Report) -> Usage:
    """Convert the report; fresh and cached input are separate unless the total shows otherwise."""
    details = read_objects(report, "cacheDetails")
    cached, written = read_int(report, "cacheReadInputTokens"), read_int(report, "cacheWriteInputTokens")
    buckets = split(
        TokenReport(
            count(report, "inputTokens"),
            count(report, "outputTokens"),
            count(report, "totalTokens"),
            read={"cache_read_tokens": cached, "cache_write_tokens": written},
            separate=CACHED,
        )
    )
    written = buckets.counts.get("cache_write_tokens", 0)
    long = min(written, sum(read_int(one, "inputTokens") for one in details if one.get("ttl") == "1h"))
    return reported_usage(
        {
            **buckets.counts,
            "cache_write_tokens": written - long,
            "cache_write_1h_tokens": long,
            "server_tool_requests": read_ints(read_object(report, "serverToolUsage")),
            "unclear": (*buckets.unclear, *invalid_counts(report)),
            "raw": dict(report),
        }
    )


CACHED = frozenset({"cache_read_tokens", "cache_write_tokens"})


Kind = Literal["image", "audio", "video"]
MEDIA: tuple[Kind, ...] = get_args(Kind)
# Formats whose media type has another name.
NAMES = {"mp3": "mpeg", "three_gp": "3gpp", "mpg": "mpeg", "mov": "quicktime", "mkv": "x-matroska"}


def read_media(index: int, kind: Kind, block: Wire) -> Iterator[Delta]:
    """Read media as base64 pieces or an S3 location; an image that was not generated has an error instead."""
    source, form = read_object(block, "source"), read_text(block, "format")
    extras = {"error": block["error"]} if block.get("error") else None
    yield MediaDelta(
        index,
        kind,
        read_text(source, "bytes"),
        f"{kind}/{NAMES.get(form, form)}" if form else None,
        url=read_text(read_object(source, "s3Location"), "uri") or None,
        extras=extras,
    )


def read_citation(data: Wire) -> Citation:
    location = read_object(data, "location")
    where = next((value for value in location.values() if isinstance(value, dict)), {})
    return build_citation(
        data,
        url=where.get("url") or read_object(location, "web").get("url") or address_of(data.get("source")),
        title=data.get("title"),
        cited_text="".join(read_text(part, "text") for part in read_objects(data, "sourceContent")) or None,
        start=where.get("start"),
        end=where.get("end"),
    )


FINISH: dict[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
    "model_context_window_exceeded": "context_length",
    "malformed_model_output": "error",
    "malformed_tool_use": "error",
}
# HTTP status that an exception inside a stream stands for.
EXCEPTIONS = {
    "throttlingException": 429,
    "validationException": 400,
    "accessDeniedException": 403,
    "modelTimeoutException": 408,
    "modelStreamErrorException": 424,
    "serviceUnavailableException": 503,
    "internalServerException": 500,
}
BEGINNINGS = frozenset({"messageStart", "contentBlockStart", "contentBlockDelta"})
"""An end without one of these before it is none: the stream is broken then."""

EXTRA_FIELDS = ("additionalModelResponseFields", "trace", "performanceConfig", "serviceTier")


class ConverseReader:
    """Decodes one response. The event that ends the message is the end marker; token counts follow it."""

    __slots__ = ("_began", "_called", "_formats", "_kinds", "_last", "_results", "_stopped")

    def __init__(self) -> None:
        self._began = False
        self._called = False
        self._formats: dict[int, str] = {}
        self._kinds: dict[int, str] = {}
        self._last = 0
        self._results: dict[int, Wire] = {}
        self._stopped = False

    def whole(self, body: Any) -> Iterator[Delta]:
        """Decode a complete body; a body that is not a response contains an error."""
        refuse_foreign(body, CONVERSE)
        if not is_message(body):
            if not contains_error(body) and not body.get("Message"):
                raise missing_response(CONVERSE)
            yield ErrorDelta(aws_error(Head(0), body))
            return
        self._began = True
        for index, block in enumerate(read_objects(read_object(read_object(body, "output"), "message"), "content")):
            yield from self._block(index, block)
        yield from unread_warning(read_object(read_object(body, "output"), "message").get("content"))
        yield from self._end(body)
        yield from self._usage(body)
        yield from self.finish()

    def frame(self, frame: Frame) -> Iterable[Delta]:
        text = json.loads(frame.data) if frame.data else {}
        if frame.headers.get(":message-type") in ("exception", "error"):
            return (ErrorDelta(stream_exception(frame, text)),)
        read = EVENTS.get(frame.event or "")
        self._began = self._began or frame.event in BEGINNINGS
        if read is None:
            refuse_foreign(text, CONVERSE)
            return ()
        return read(self, text) if isinstance(text, dict) else ()

    def finish(self) -> Iterator[Delta]:
        for index in list(self._results):
            yield from self._block_stop({"contentBlockIndex": index})
        if self._stopped and self._began:
            yield StreamEnd()

    def _index(self, event: Wire) -> int:
        self._last = read_index(event, "contentBlockIndex", self._last)
        return self._last

    def _block_start(self, event: Wire) -> Iterator[Delta]:
        index, start = self._index(event), read_object(event, "start")
        if tool := read_object(start, "toolUse"):
            yield self._call(index, tool, "")
        elif result := read_object(start, "toolResult"):
            self._results[index] = {**result, "content": []}
        elif picture := read_object(start, "image"):
            self._formats[index] = read_text(picture, "format")

    def _block_delta(self, event: Wire) -> Iterator[Delta]:
        index, delta = self._index(event), read_object(event, "delta")
        if text := read_text(delta, "text"):
            yield TextDelta(index, text)
        elif tool := read_object(delta, "toolUse"):
            piece = read_text(tool, "input")
            if self._kinds.get(index) == "server":
                yield ServerToolDelta(index, arguments=piece)
            else:
                yield ToolCallDelta(index, arguments=piece, verbatim=False)
        elif thought := read_object(delta, "reasoningContent"):
            yield read_reasoning(index, thought)
        elif citation := read_object(delta, "citation"):
            yield CitationDelta(index, read_citation(citation))
        elif result := read_objects(delta, "toolResult"):
            self._results.setdefault(index, {"content": []})["content"].extend(result)
        elif picture := read_object(delta, "image"):
            yield from read_media(index, "image", {"format": self._formats.get(index), **picture})

    def _block_stop(self, event: Wire) -> Iterator[Delta]:
        """Emit the result of a provider tool as one block, as in a complete response."""
        index = self._index(event)
        result = self._results.pop(index, None)
        if result is not None:
            yield ContentDelta(index, GenericContent(kind="toolResult", data={"toolResult": result}))

    def _message_stop(self, event: Wire) -> Iterator[Delta]:
        yield from self._end(event)

    def _metadata(self, event: Wire) -> Iterator[Delta]:
        yield from self._usage(event)
        if extras := read_extras(event, EXTRA_FIELDS):
            yield ResponseStart(extras=extras)

    def _block(self, index: int, block: Wire) -> Iterator[Delta]:
        media: Kind | None = next((kind for kind in MEDIA if read_object(block, kind)), None)
        if isinstance(block.get("text"), str):
            yield TextDelta(index, block["text"])
        elif tool := read_object(block, "toolUse"):
            given = tool.get("input")
            arguments = given if isinstance(given, str) else json.dumps(given).decode() if given else ""
            yield self._call(index, tool, arguments)
        elif thought := read_object(block, "reasoningContent"):
            yield read_reasoning(index, read_object(thought, "reasoningText") or thought)
        elif payload := read_object(block, "citationsContent"):
            yield TextDelta(index, "".join(read_text(part, "text") for part in read_objects(payload, "content")))
            for citation in read_objects(payload, "citations"):
                yield CitationDelta(index, read_citation(citation))
        elif media is not None:
            yield from read_media(index, media, read_object(block, media))
        elif kind := next((name for name, value in block.items() if value is not None), None):
            yield ContentDelta(index, GenericContent(kind=kind, data=block))

    def _call(self, index: int, tool: Wire, arguments: str) -> Delta:
        """Start a tool call; calls of provider tools are marked in their type."""
        given, name = read_name(tool, "toolUseId"), read_text(tool, "name") or None
        if tool.get("type") == "server_tool_use":
            self._kinds[index] = "server"
            return ServerToolDelta(index, given, name, arguments, {"toolUse": tool})
        self._called = True
        return ToolCallDelta(index, given, name, arguments, verbatim=False)

    def _end(self, data: Wire) -> Iterator[Delta]:
        if raw := read_text(data, "stopReason"):
            self._stopped = True
            reason = FINISH.get(raw, "other")
            yield FinishDelta("tool_calls" if reason == "stop" and self._called else reason, raw)
        if extras := read_extras(data, EXTRA_FIELDS):
            yield ResponseStart(extras=extras)

    def _usage(self, data: Wire) -> Iterator[Delta]:
        if usage := read_object(data, "usage"):
            yield from usage_deltas(read_usage(usage))


EVENTS: dict[str, Callable[[ConverseReader, Wire], Iterable[Delta]]] = {
    "contentBlockStart": ConverseReader._block_start,
    "contentBlockDelta": ConverseReader._block_delta,
    "contentBlockStop": ConverseReader._block_stop,
    "messageStop": ConverseReader._message_stop,
    "metadata": ConverseReader._metadata,
}


def is_message(body: Wire) -> bool:
    """Whether this body is a response. With a stop reason, its output may be null: the response is empty."""
    has_null_output = "output" in body and body["output"] is None and bool(read_text(body, "stopReason"))
    return has_null_output or bool(read_object(read_object(body, "output"), "message"))


def read_reasoning(index: int, thought: Wire) -> Delta:
    if sealed := thought.get("redactedContent"):
        return ReasoningDelta(index, redacted=True, extras={"data": sealed})
    return ReasoningDelta(index, read_text(thought, "text"), signature=read_text(thought, "signature") or None)


def stream_exception(frame: Frame, text: Any) -> CallError:
    """Return the error for an exception event in a stream."""
    data = text if isinstance(text, dict) else {}
    words = data.get("message") or frame.headers.get(":error-message") or f"the stream failed with {frame.event}"
    return error_from_response(Head(EXCEPTIONS.get(frame.event or "", 500)), data, str(words), None, frame.event)
