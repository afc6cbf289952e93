"""Responses: complete and streamed, decoded item by item by the same functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from ...errors import CallError
from ...http.protocol.message import Head
from ...types.chat.delta import (
    CitationDelta,
    Delta,
    ErrorDelta,
    FinishDelta,
    FinishReason,
    LogprobsDelta,
    MediaDelta,
    ReasoningDelta,
    RefusalDelta,
    ResponseStart,
    ServerToolDelta,
    StreamEnd,
    TextDelta,
    ToolCallDelta,
)
from ...types.chat.usage import Usage, reported_usage
from ...wire import json
from ...wire.sse import Frame
from ..common.response_fields import (
    Report,
    TokenReport,
    Wire,
    count,
    invalid_counts,
    read_cache_writes,
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
from ..error_mapping import RESPONSES, contains_error, error_from_response, missing_response, refuse_foreign
from ..quirks import ResponsesQuirks
from .response_parts import ItemReader, arguments_text, read_citation
from .tools import with_tools

READ, MADE = "input_tokens_details", "output_tokens_details"
USUAL_FIELDS = frozenset({"input_tokens", "output_tokens", "total_tokens", READ, MADE})


def read_usage(report: Report) -> Usage:
    read_in, made = read_object(report, READ), read_object(report, MADE)
    buckets = split(
        TokenReport(
            count(report, "input_tokens"),
            count(report, "output_tokens"),
            count(report, "total_tokens"),
            read={
                "cache_read_tokens": read_int(read_in, "cached_tokens"),
                **read_cache_writes(read_in),
                "input_audio_tokens": read_int(read_in, "audio_tokens"),
            }
            if any(read_in.values())
            else {},
            made={
                "reasoning_tokens": read_int(made, "reasoning_tokens"),
                "output_audio_tokens": read_int(made, "audio_tokens"),
                "output_image_tokens": read_int(made, "image_tokens"),
            }
            if any(made.values())
            else {},
        )
    )
    fields = {**buckets.counts, "unclear": (*buckets.unclear, *invalid_counts(report)), "raw": dict(report)}
    if not USUAL_FIELDS.issuperset(report):  # what hosts add
        fields["server_tool_requests"] = read_ints(read_object(report, "server_side_tool_usage_details"))
        fields["reported_cost"] = reported_cost(report)
    return reported_usage(fields)


INCOMPLETE: dict[str, FinishReason] = {
    "max_output_tokens": "length",
    "max_tokens": "length",
    "content_filter": "content_filter",
}
UNDER_WAY = ("queued", "in_progress")


def finish_delta(response: Wire, *, called: bool) -> FinishDelta:
    """Return the finish delta. `called`: whether tool calls wait for the caller."""
    raw = read_text(response, "status") or "completed"
    if raw == "completed":
        return FinishDelta("tool_calls" if called else "stop", raw)
    reason = read_text(read_object(response, "incomplete_details"), "reason")
    if raw == "incomplete" and reason:
        return FinishDelta(INCOMPLETE.get(reason, "other"), reason)
    # A background response is fetched again later by its id.
    return FinishDelta("pause" if raw in UNDER_WAY else "other", raw)


NO_EVENT = (b"", b"[DONE]")
EXTRA_FIELDS = ("service_tier", "conversation", "background", "previous_response_id")


class ResponsesReader:
    """Decodes one response. The items of the final event replace earlier provider data."""

    __slots__ = ("_items", "_last", "_moved", "_quirks")

    def __init__(self, quirks: ResponsesQuirks) -> None:
        self._quirks = quirks
        self._items: dict[int, ItemReader] = {}
        self._last = 0
        self._moved: dict[int, int] = {}
        """New index of items whose index was taken: some hosts give all of them the same one."""

    def whole(self, body: Any) -> list[Delta]:
        """Decode a complete body; a body without items that is not a response contains an error."""
        refuse_foreign(body, RESPONSES)
        is_response = read_text(body, "object") in ("", "response")
        has_items = is_response and isinstance(body.get("output"), list) and bool(body["output"] or body.get("status"))
        if has_items and body["output"] and not any(read_objects(body, "output")):
            raise missing_response(RESPONSES)  # items that are all empty or no objects
        if not has_items and not is_unfinished(body):
            if not contains_error(body):
                raise missing_response(RESPONSES)
            return [ErrorDelta(read_error(Head(0), body))]
        return self._close(body)

    def frame(self, frame: Frame) -> Iterable[Delta]:
        data = frame.data
        if data[:1] != b"{" and (data := data.strip()) in NO_EVENT:
            return ()
        event = json.loads(data)
        if event.__class__ is not dict:
            return ()
        return self._usual_text(event) or self._read(event, frame.event)

    def finish(self) -> Iterator[Delta]:
        return iter(())

    def _usual_text(self, event: Wire) -> Sequence[Delta] | None:
        """Return the text of an event that has nothing else that is new; None for an event that `_read` has to read."""
        try:
            piece, content, index = event["delta"], event["content_index"], event["output_index"]
            item, is_text = self._items[index], event["type"] == "response.output_text.delta"
        except (LookupError, TypeError):
            return None
        if not is_text or piece.__class__ is not str or content.__class__ is not int or index.__class__ is not int:
            return None
        if self._moved or event.get("logprobs"):
            return None
        return (TextDelta(item.text(content, piece), piece),)

    def _read(self, event: Wire, name: str | None) -> Iterable[Delta]:
        kind: Any = event.get("type")
        read = EVENTS.get(kind if kind.__class__ is str else name or "")
        if read is None:
            if event.get("error"):
                return (ErrorDelta(read_error(Head(0), event)),)
            refuse_foreign(event, RESPONSES)
            return ()
        return read(self, event)

    def _item(self, event: Wire) -> ItemReader:
        """Return the item of an event; the latest one if the event does not say."""
        index = event.get("output_index")
        if index is None or index.__class__ is not int:
            index = read_index(event, "output_index", self._last)
        if index in self._moved:
            index = self._moved[index]
        return self._items[index] if index in self._items else self._item_at(index)

    def _item_at(self, index: int) -> ItemReader:
        reader = self._items.get(index)
        if reader is None:
            reader = self._items[index] = ItemReader(index, self._quirks)
            self._last = index
        return reader

    def _find_known(self, item: Wire, index: int, data: dict[int, ItemReader]) -> ItemReader:
        """Return the streamed item with this id; positions may change, ids may repeat or be missing."""
        same = (at for at, reader in data.items() if reader.id is not None and reader.id == read_name(item, "id"))
        here = (at for at in (index,) if at in data and data[at].is_kind_of(item))
        alike = (at for at, reader in data.items() if reader.is_like(item))
        known = next(chain(same, here, alike), None) if data else None
        free = index if index not in self._items else len(self._items)
        return self._item_at(free) if known is None else data.pop(known)

    def _begin(self, response: Wire) -> Delta:
        extras = read_extras(response, EXTRA_FIELDS)
        return ResponseStart(read_name(response, "id"), read_name(response, "model"), extras)

    def _created(self, event: Wire) -> Iterable[Delta]:
        return (self._begin(read_object(event, "response")),)

    def _added(self, event: Wire) -> Iterable[Delta]:
        index, item = read_index(event, "output_index", len(self._items)), read_object(event, "item")
        before = self._items.get(self._moved.get(index, index))
        if before is not None and before.is_over and not before.is_same(item):
            self._moved[index] = max(self._items) + 1
        return self._item_at(self._moved.get(index, index)).start(item)

    def _done(self, event: Wire) -> Iterable[Delta]:
        return self._item(event).whole(read_object(event, "item"))

    def _text(self, event: Wire) -> Iterable[Delta]:
        piece = read_text(event, "delta")
        delta = TextDelta(self._item(event).text(read_index(event, "content_index"), piece), piece)
        probable = read_objects(event, "logprobs") if event.get("logprobs") else None
        return (delta, LogprobsDelta(probable)) if probable else (delta,)

    def _text_done(self, event: Wire) -> Iterable[Delta]:
        return self._item(event).finish_text(read_index(event, "content_index"), read_text(event, "text"))

    def _refusal(self, event: Wire) -> Iterable[Delta]:
        piece = read_text(event, "delta")
        return (RefusalDelta(self._item(event).text(read_index(event, "content_index"), piece), piece),)

    def _annotation(self, event: Wire) -> Iterable[Delta]:
        part = self._item(event).note_content(read_index(event, "content_index"))
        return (CitationDelta(part, read_citation(read_object(event, "annotation"))),)

    def _arguments(self, event: Wire) -> Iterable[Delta]:
        item = self._item(event)
        item.called = True
        return (ToolCallDelta(item.part_for(None), arguments=read_text(event, "delta")),)

    def _input(self, event: Wire) -> Iterable[Delta]:
        item = self._item(event)
        item.called = not self._quirks.runs_custom_tools
        part, piece = item.part_for(None), read_text(event, "delta")
        return (ToolCallDelta(part, arguments=piece) if item.called else ServerToolDelta(part, arguments=piece),)

    def _server_arguments(self, event: Wire) -> Iterable[Delta]:
        return (ServerToolDelta(self._item(event).part_for(None), arguments=read_text(event, "delta")),)

    def _arguments_done(self, event: Wire) -> Iterable[Delta]:
        return self._item(event).finish_text(None, arguments_text(event.get("arguments") or event.get("input")))

    def _summary(self, event: Wire) -> Iterable[Delta]:
        return (ReasoningDelta(self._item(event).part_for("summary"), read_text(event, "delta")),)

    def _reasoning(self, event: Wire) -> Iterable[Delta]:
        return (ReasoningDelta(self._item(event).part_for("thought"), raw_text=read_text(event, "delta")),)

    def _audio(self, event: Wire) -> Iterable[Delta]:
        return (MediaDelta("audio", "audio", read_text(event, "delta")),)

    def _transcript(self, event: Wire) -> Iterable[Delta]:
        return (MediaDelta("audio", "audio", transcript=read_text(event, "delta")),)

    def _ended(self, event: Wire) -> Iterable[Delta]:
        """An end without a response, and without items before it, is no answer."""
        response = read_object(event, "response")
        if not response and not self._items:
            raise missing_response(RESPONSES)
        return self._close(response)

    def _error(self, event: Wire) -> Iterable[Delta]:
        return (ErrorDelta(read_error(Head(0), event)),)

    def _close(self, response: Wire) -> list[Delta]:
        """Read the final response: what was not emitted yet, token counts and finish reason."""
        deltas: list[Delta] = [self._begin(response)]
        data = dict(self._items)
        for index, item in enumerate(read_objects(response, "output")):
            known = self._find_known(item, index, data)
            known.stored = bool(response.get("store"))
            deltas += known.whole(item)
        deltas += unread_warning(response.get("output"))
        if usage := read_object(response, "usage"):
            deltas += usage_deltas(with_tools(read_usage(usage), response))
        if response.get("error"):
            deltas.append(FinishDelta("error", read_text(response, "status") or None))
            return [*deltas, ErrorDelta(read_error(Head(0), response))]
        return [*deltas, finish_delta(response, called=any(one.called for one in self._items.values())), StreamEnd()]


EVENTS: dict[str, Callable[[ResponsesReader, Wire], Iterable[Delta]]] = {
    "response.created": ResponsesReader._created,
    "response.output_item.added": ResponsesReader._added,
    "response.output_item.done": ResponsesReader._done,
    "response.output_text.delta": ResponsesReader._text,
    "response.refusal.delta": ResponsesReader._refusal,
    "response.output_text.annotation.added": ResponsesReader._annotation,
    "response.function_call_arguments.delta": ResponsesReader._arguments,
    "response.custom_tool_call_input.delta": ResponsesReader._input,
    "response.output_text.done": ResponsesReader._text_done,
    "response.function_call_arguments.done": ResponsesReader._arguments_done,
    "response.custom_tool_call_input.done": ResponsesReader._arguments_done,
    "response.mcp_call_arguments.done": ResponsesReader._arguments_done,
    "response.audio.delta": ResponsesReader._audio,
    "response.audio.transcript.delta": ResponsesReader._transcript,
    "response.mcp_call_arguments.delta": ResponsesReader._server_arguments,
    "response.reasoning_summary_text.delta": ResponsesReader._summary,
    "response.reasoning_text.delta": ResponsesReader._reasoning,
    "response.completed": ResponsesReader._ended,
    "response.incomplete": ResponsesReader._ended,
    "response.failed": ResponsesReader._ended,
    "response.cancelled": ResponsesReader._ended,
    "error": ResponsesReader._error,
}


def is_unfinished(body: Wire) -> bool:
    """Whether this response may have no items: in progress, failed or cancelled."""
    return read_text(body, "object") == "response" and read_text(body, "status") not in ("", "completed")


def read_error(head: Head, body: Any) -> CallError:
    """Read `{"error": {…}}` as a body, or `{"type": "error", "message", "code"}` or a failed response in a stream."""
    data = body.get("error") if isinstance(body, dict) else None
    error = data if isinstance(data, dict) else body
    if not isinstance(error, dict):
        return error_from_response(head, body, data if isinstance(data, str) else None)
    message, code, kind = error.get("message"), error.get("code"), error.get("type")
    return error_from_response(
        head,
        body,
        message if isinstance(message, str) else None,
        None if code is None else str(code),
        kind if isinstance(kind, str) and kind != "error" else None,
    )
