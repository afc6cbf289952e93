"""Responses: complete and streamed Cohere v2 answers, decoded by the same functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ...errors import CallError
from ...http.protocol.message import Head
from ...types.chat.delta import (
    CitationDelta,
    ContentDelta,
    Delta,
    ErrorDelta,
    FinishDelta,
    FinishReason,
    ReasoningDelta,
    ResponseStart,
    StreamEnd,
    TextDelta,
    ToolCallDelta,
)
from ...types.chat.usage import Usage
from ...types.content.parts import GenericContent
from ...wire import json
from ...wire.sse import Frame
from ..common.response_fields import (
    Report,
    TokenReport,
    Wire,
    build_citation,
    count,
    invalid_counts,
    read_index,
    read_int,
    read_name,
    read_object,
    read_objects,
    read_text,
    split,
    unread_warning,
    usage_deltas,
)
from ..error_mapping import COHERE, contains_error, error_from_response, missing_response, refuse_foreign


def read_usage(report: Report) -> Usage:
    """`tokens` is what was read and written; `billed_units`, which is less, counts where there is nothing else."""
    tokens = read_object(report, "tokens") or read_object(report, "billed_units")
    buckets = split(
        TokenReport(
            count(tokens, "input_tokens"),
            count(tokens, "output_tokens"),
            None,
            read={"cache_read_tokens": read_int(report, "cached_tokens")},
            made={"reasoning_tokens": read_int(tokens, "reasoning_tokens")},
        )
    )
    return Usage.model_validate(
        {**buckets.counts, "unclear": (*buckets.unclear, *invalid_counts(report)), "raw": dict(report)}
    )


LAST = b"[DONE]"
FINISH: dict[str, FinishReason] = {
    "COMPLETE": "stop",
    "STOP_SEQUENCE": "stop",
    "MAX_TOKENS": "length",
    "TOOL_CALL": "tool_calls",
    "ERROR_TOXIC": "content_filter",
    "ERROR_LIMIT": "context_length",
    "ERROR": "error",
    "TIMEOUT": "error",
}


class CohereReader:
    """Decodes one response. The tool plan is separate from the answer text."""

    __slots__ = ("_began", "_called_tools", "_last", "_plan", "_text", "_thoughts")

    def __init__(self) -> None:
        self._began = False
        self._called_tools = False
        self._last = 0
        self._text = 0
        self._thoughts: set[int] = set()
        self._plan: list[str] = []

    def whole(self, body: Any) -> Iterator[Delta]:
        refuse_foreign(body, COHERE)
        message = read_object(body, "message")
        if not message:
            if not contains_error(body):
                raise missing_response(COHERE)
            yield ErrorDelta(stream_error(body))
            return
        yield ResponseStart(read_name(body, "id"), read_name(body, "model"))
        content = message.get("content")
        for index, block in enumerate(
            [{"text": content}] if isinstance(content, str) else read_objects(message, "content")
        ):
            yield from self._block(index, block)
        yield from unread_warning(content)
        for index, call in enumerate(read_objects(message, "tool_calls")):
            yield from self._call(index, call)
        for data in read_objects(message, "citations"):
            yield self._citation(data)
        if plan := read_text(message, "tool_plan"):
            self._plan.append(plan)
        yield from self._end(body)

    def frame(self, frame: Frame) -> Iterable[Delta]:
        data = frame.data.strip()
        event = json.loads(data) if data and data != LAST else None
        if not isinstance(event, dict):
            return ()
        read = EVENTS.get(read_text(event, "type") or frame.event or "")
        if read is not None:
            # An end without a message before it is none: the stream is broken then.
            self._began = self._began or read is not CohereReader._message_end
            return read(self, event) if self._began else ()
        refuse_foreign(event, COHERE)
        return (ErrorDelta(stream_error(event)),) if event.get("message") or event.get("error") else ()

    def finish(self) -> Iterator[Delta]:
        if self._plan:
            yield ResponseStart(extras={"tool_plan": "".join(self._plan)})

    def _message_start(self, event: Wire) -> Iterable[Delta]:
        return (ResponseStart(read_name(event, "id")),)

    def _content_event(self, event: Wire) -> Iterator[Delta]:
        self._last = read_index(event, "index", self._last)
        content = message_of(event).get("content")
        return self._block(self._last, content if isinstance(content, dict) else {"text": content})

    def _plan_delta(self, event: Wire) -> Iterable[Delta]:
        self._plan.append(read_text(message_of(event), "tool_plan"))
        return ()

    def _tool_call_event(self, event: Wire) -> Iterator[Delta]:
        """Each event has one call, although the field name is plural."""
        index = read_index(event, "index")
        for offset, call in enumerate(read_objects(message_of(event), "tool_calls")):
            yield from self._call(index + offset, call)

    def _citation_event(self, event: Wire) -> Iterable[Delta]:
        return [self._citation(data) for data in read_objects(message_of(event), "citations")]

    def _message_end(self, event: Wire) -> Iterator[Delta]:
        return self._end(read_object(event, "delta"))

    def _block(self, index: int, block: Wire) -> Iterator[Delta]:
        if isinstance(thought := block.get("thinking"), str):
            self._thoughts.add(index)
            yield ReasoningDelta(f"content{index}", thought)
        elif isinstance(text := block.get("text"), str):
            self._text = index
            yield TextDelta(f"content{index}", text)
        elif block.keys() - {"type", "text", "thinking"}:
            yield ContentDelta(f"content{index}", GenericContent(kind=read_text(block, "type"), data=block))

    def _call(self, index: int, call: Wire) -> Iterator[Delta]:
        self._called_tools = True
        function = read_object(call, "function")
        given = function.get("arguments")
        text = given if isinstance(given, str) else json.dumps(given).decode() if given else ""
        verbatim = given is None or isinstance(given, str)
        yield ToolCallDelta(f"call{index}", read_name(call, "id"), read_text(function, "name") or None, text, verbatim)

    def _citation(self, data: Wire) -> Delta:
        """Citations of the reasoning are attached to the text, because reasoning parts have none."""
        at = read_index(data, "content_index", self._text)
        sources = read_objects(data, "sources")
        documents = [read_object(source, "document") or read_object(source, "tool_output") for source in sources]
        first: Wire = documents[0] if documents else {}
        cited = build_citation(
            data,
            url=first.get("url") or first.get("source"),
            title=first.get("title"),
            cited_text=data.get("text"),
            start=data.get("start"),
            end=data.get("end"),
        )
        return CitationDelta(f"content{self._text if at in self._thoughts else at}", cited)

    def _end(self, data: Wire) -> Iterator[Delta]:
        yield from self.finish()
        self._plan.clear()
        if usage := read_object(data, "usage"):
            yield from usage_deltas(read_usage(usage))
        raw = read_text(data, "finish_reason") or "COMPLETE"
        reason = FINISH.get(raw, "other")
        yield FinishDelta("tool_calls" if reason == "stop" and self._called_tools else reason, raw)
        if data.get("error"):
            yield ErrorDelta(error_from_response(Head(500), data, str(data["error"])))
            return
        yield StreamEnd()


EVENTS: dict[str, Callable[[CohereReader, Wire], Iterable[Delta]]] = {
    "message-start": CohereReader._message_start,
    "content-start": CohereReader._content_event,
    "content-delta": CohereReader._content_event,
    "tool-plan-delta": CohereReader._plan_delta,
    "tool-call-start": CohereReader._tool_call_event,
    "tool-call-delta": CohereReader._tool_call_event,
    "citation-start": CohereReader._citation_event,
    "message-end": CohereReader._message_end,
}


def message_of(event: Wire) -> Wire:
    return read_object(read_object(event, "delta"), "message")


def stream_error(data: Wire) -> Exception:
    """Return the error for an error body or event."""
    return read_error(Head(0), data)


def read_error(head: Head, body: Any) -> CallError:
    """`{"message", "error_type", "id"}`."""
    data = body if isinstance(body, dict) else {}
    loose = next((text for name in ("message", "error", "detail") if (text := read_text(data, name))), None)
    error = error_from_response(
        head,
        body,
        read_text(read_object(data, "error"), "message") or loose,
        None,
        read_text(data, "error_type") or None,
    )
    error.request_id = error.request_id or read_name(data, "id")
    return error
