"""Responses: whole answers and streams, read item by item by the same functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ...types.delta import (
    Began,
    CitationDelta,
    Delta,
    Ended,
    Failed,
    FinishReason,
    LogprobsDelta,
    ReasoningDelta,
    RefusalDelta,
    ServerToolDelta,
    Terminal,
    TextDelta,
    ToolCallDelta,
    Used,
)
from ...wire import json
from ...wire.frame import Frame
from ...wire.http import Head
from ..beside import beside
from .item_reader import CALLS, ItemReader, citation
from .quirks import ResponsesQuirks
from .usage import read_usage

Wire = dict[str, Any]
INCOMPLETE: dict[str, FinishReason] = {
    "max_output_tokens": "length",
    "max_tokens": "length",
    "content_filter": "content_filter",
}
UNDER_WAY = ("queued", "in_progress")
BESIDE = ("service_tier", "conversation", "background", "previous_response_id")


class ResponsesReader:
    """One answer. The items of its final event are the last word on what only the origin understands."""

    __slots__ = ("_items", "_quirks")

    def __init__(self, quirks: ResponsesQuirks) -> None:
        self._quirks = quirks
        self._items: dict[int, ItemReader] = {}

    def whole(self, body: Any) -> Iterator[Delta]:
        yield from self._begin(body)
        yield from self._close(body)

    def frame(self, frame: Frame) -> Iterable[Delta]:
        if frame.data == b"[DONE]":
            return ()
        event = json.loads(frame.data)
        read = EVENTS.get(event.get("type", ""))
        return read(self, event) if read is not None else ()

    def finish(self) -> Iterator[Delta]:
        return iter(())

    def _item(self, index: int) -> ItemReader:
        reader = self._items.get(index)
        if reader is None:
            reader = self._items[index] = ItemReader(index, self._quirks)
        return reader

    def _known(self, item: Wire, index: int, told: dict[int, ItemReader]) -> ItemReader:
        """The item of this id that was told before, each once: places may shift, and ids may repeat."""
        named = (place for place, reader in told.items() if reader.id is not None and reader.id == item.get("id"))
        place = next(named, None)
        return self._item(index) if place is None else told.pop(place)

    def _begin(self, response: Wire) -> Iterator[Delta]:
        yield Began(response.get("id"), response.get("model"), beside(response, BESIDE))

    def _created(self, event: Wire) -> Iterator[Delta]:
        return self._begin(event["response"])

    def _added(self, event: Wire) -> Iterator[Delta]:
        return self._item(event["output_index"]).start(event["item"])

    def _done(self, event: Wire) -> Iterator[Delta]:
        return self._item(event["output_index"]).whole(event["item"])

    def _text(self, event: Wire) -> Iterable[Delta]:
        part = self._item(event["output_index"]).grew(event["content_index"])
        told: list[Delta] = [TextDelta(part, event["delta"])]
        if event.get("logprobs"):
            told.append(LogprobsDelta(event["logprobs"]))
        return told

    def _refusal(self, event: Wire) -> Iterable[Delta]:
        part = self._item(event["output_index"]).grew(event["content_index"])
        return (RefusalDelta(part, event["delta"]),)

    def _annotation(self, event: Wire) -> Iterable[Delta]:
        part = self._item(event["output_index"]).noted(event["content_index"])
        return (CitationDelta(part, citation(event["annotation"])),)

    def _arguments(self, event: Wire) -> Iterable[Delta]:
        item = self._item(event["output_index"])
        return (ToolCallDelta(item.grew(None), arguments=event["delta"]),)

    def _input(self, event: Wire) -> Iterable[Delta]:
        item = self._item(event["output_index"])
        kind = ServerToolDelta if self._quirks.runs_custom_tools else ToolCallDelta
        return (kind(item.grew(None), arguments=event["delta"]),)

    def _server_arguments(self, event: Wire) -> Iterable[Delta]:
        item = self._item(event["output_index"])
        return (ServerToolDelta(item.grew(None), arguments=event["delta"]),)

    def _summary(self, event: Wire) -> Iterable[Delta]:
        item = self._item(event["output_index"])
        return (ReasoningDelta(item.grew("summary"), event["delta"]),)

    def _thought(self, event: Wire) -> Iterable[Delta]:
        item = self._item(event["output_index"])
        return (ReasoningDelta(item.grew("thought"), raw_text=event["delta"]),)

    def _ended(self, event: Wire) -> Iterator[Delta]:
        return self._close(event["response"])

    def _error(self, event: Wire) -> Iterable[Delta]:
        return (Failed(failed(event)),)

    def _close(self, response: Wire) -> Iterator[Delta]:
        """The whole response at its end: what was not told yet, the counts, and why it ended."""
        told = dict(self._items)
        for index, item in enumerate(response.get("output") or ()):
            known = self._known(item, index, told)
            known.stored = bool(response.get("store"))
            yield from known.whole(item)
        if response.get("usage"):
            yield Used(read_usage(response["usage"]))
        yield Began(response.get("id"), response.get("model"))
        if response.get("error"):
            yield Ended("error", response.get("status"))
            yield Failed(failed(response))
            return
        yield from self._why(response)
        yield Terminal()

    def _why(self, response: Wire) -> Iterator[Delta]:
        raw = response.get("status") or "completed"
        details = response.get("incomplete_details") or {}
        if raw == "incomplete" and details.get("reason"):
            yield Ended(INCOMPLETE.get(details["reason"], "other"), details["reason"])
        elif raw == "completed":
            called = any(item.get("type") in CALLS for item in response.get("output") or ())
            yield Ended("tool_calls" if called else "stop", raw)
        else:
            # A response in the background is asked for again later, by its id.
            yield Ended("pause" if raw in UNDER_WAY else "other", raw)


EVENTS: dict[str, Callable[[ResponsesReader, Wire], Iterable[Delta]]] = {
    "response.created": ResponsesReader._created,
    "response.output_item.added": ResponsesReader._added,
    "response.output_item.done": ResponsesReader._done,
    "response.output_text.delta": ResponsesReader._text,
    "response.refusal.delta": ResponsesReader._refusal,
    "response.output_text.annotation.added": ResponsesReader._annotation,
    "response.function_call_arguments.delta": ResponsesReader._arguments,
    "response.custom_tool_call_input.delta": ResponsesReader._input,
    "response.mcp_call_arguments.delta": ResponsesReader._server_arguments,
    "response.reasoning_summary_text.delta": ResponsesReader._summary,
    "response.reasoning_text.delta": ResponsesReader._thought,
    "response.completed": ResponsesReader._ended,
    "response.incomplete": ResponsesReader._ended,
    "response.failed": ResponsesReader._ended,
    "response.cancelled": ResponsesReader._ended,
    "error": ResponsesReader._error,
}


def failed(event: Wire) -> Exception:
    from .codec import read_error

    return read_error(Head(0), event)
