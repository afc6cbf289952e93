"""Responses: whole answers and streams, read item by item by the same functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

from ...types.delta import (
    Began,
    CitationDelta,
    Delta,
    Ended,
    Failed,
    LogprobsDelta,
    MediaDelta,
    ReasoningDelta,
    RefusalDelta,
    ServerToolDelta,
    Terminal,
    TextDelta,
    ToolCallDelta,
)
from ...wire import json
from ...wire.frame import Frame
from ...wire.http import Head
from ..beside import beside
from ..counts import used
from ..foreign import RESPONSES, not_an_answer, refuse_foreign, says_why
from ..told import Wire, entries, named, place, section, words
from .ending import why
from .item_reader import ItemReader, citation, spelled
from .quirks import ResponsesQuirks
from .usage import read_usage

LAST = b"[DONE]"
BESIDE = ("service_tier", "conversation", "background", "previous_response_id")


class ResponsesReader:
    """One answer. The items of its final event are the last word on what only the origin understands."""

    __slots__ = ("_items", "_last", "_quirks")

    def __init__(self, quirks: ResponsesQuirks) -> None:
        self._quirks = quirks
        self._items: dict[int, ItemReader] = {}
        self._last = 0

    def whole(self, body: Any) -> Iterator[Delta]:
        """A body without items that is no response says why there is none."""
        refuse_foreign(body, RESPONSES)
        is_response = words(body, "object") in ("", "response")
        if not (is_response and isinstance(body.get("output"), list)) and not is_unfinished(body):
            if not says_why(body):
                raise not_an_answer(RESPONSES)
            yield Failed(failed(body))
            return
        yield from self._begin(body)
        yield from self._close(body)

    def frame(self, frame: Frame) -> Iterable[Delta]:
        data = frame.data.strip()
        event = json.loads(data) if data and data != LAST else None
        if not isinstance(event, dict):
            return ()
        kind = event.get("type")
        read = EVENTS.get(kind if isinstance(kind, str) else frame.event or "")
        if read is None:
            if event.get("error"):
                return (Failed(failed(event)),)
            refuse_foreign(event, RESPONSES)
            return ()
        return read(self, event)

    def finish(self) -> Iterator[Delta]:
        return iter(())

    def _item(self, event: Wire) -> ItemReader:
        """The item that an event is about; the one told last, where the host does not say."""
        index = event.get("output_index")
        if not isinstance(index, int):
            index = self._last
        return self._items.get(index) or self._at(index)

    def _at(self, index: int) -> ItemReader:
        reader = self._items.get(index)
        if reader is None:
            reader = self._items[index] = ItemReader(index, self._quirks)
            self._last = index
        return reader

    def _known(self, item: Wire, index: int, told: dict[int, ItemReader]) -> ItemReader:
        """The item of this id that was told before, each once: places may shift, ids may repeat or be left out."""
        same = (at for at, reader in told.items() if reader.id is not None and reader.id == named(item, "id"))
        here = (at for at in (index,) if at in told and told[at].is_kind_of(item))
        alike = (at for at, reader in told.items() if reader.is_like(item))
        found = next(chain(same, here, alike), None)
        return self._at(index if index not in self._items else len(self._items)) if found is None else told.pop(found)

    def _begin(self, response: Wire) -> Iterator[Delta]:
        yield Began(named(response, "id"), named(response, "model"), beside(response, BESIDE))

    def _created(self, event: Wire) -> Iterator[Delta]:
        return self._begin(section(event, "response"))

    def _added(self, event: Wire) -> Iterator[Delta]:
        return self._at(place(event, "output_index", len(self._items))).start(section(event, "item"))

    def _done(self, event: Wire) -> Iterator[Delta]:
        return self._item(event).whole(section(event, "item"))

    def _text(self, event: Wire) -> Iterable[Delta]:
        piece = words(event, "delta")
        said = TextDelta(self._item(event).text(place(event, "content_index"), piece), piece)
        if event.get("logprobs") and (probable := entries(event, "logprobs")):
            return (said, LogprobsDelta(probable))
        return (said,)

    def _text_done(self, event: Wire) -> Iterable[Delta]:
        return self._item(event).finished(place(event, "content_index"), words(event, "text"))

    def _refusal(self, event: Wire) -> Iterable[Delta]:
        piece = words(event, "delta")
        return (RefusalDelta(self._item(event).text(place(event, "content_index"), piece), piece),)

    def _annotation(self, event: Wire) -> Iterable[Delta]:
        part = self._item(event).noted(place(event, "content_index"))
        return (CitationDelta(part, citation(section(event, "annotation"))),)

    def _arguments(self, event: Wire) -> Iterable[Delta]:
        item = self._item(event)
        item.called = True
        return (ToolCallDelta(item.grew(None), arguments=words(event, "delta")),)

    def _input(self, event: Wire) -> Iterable[Delta]:
        item = self._item(event)
        item.called = not self._quirks.runs_custom_tools
        kind = ToolCallDelta if item.called else ServerToolDelta
        return (kind(item.grew(None), arguments=words(event, "delta")),)

    def _server_arguments(self, event: Wire) -> Iterable[Delta]:
        return (ServerToolDelta(self._item(event).grew(None), arguments=words(event, "delta")),)

    def _arguments_done(self, event: Wire) -> Iterable[Delta]:
        return self._item(event).finished(None, spelled(event.get("arguments") or event.get("input")))

    def _summary(self, event: Wire) -> Iterable[Delta]:
        return (ReasoningDelta(self._item(event).grew("summary"), words(event, "delta")),)

    def _thought(self, event: Wire) -> Iterable[Delta]:
        return (ReasoningDelta(self._item(event).grew("thought"), raw_text=words(event, "delta")),)

    def _sound(self, event: Wire) -> Iterable[Delta]:
        return (MediaDelta("audio", "audio", words(event, "delta")),)

    def _transcript(self, event: Wire) -> Iterable[Delta]:
        return (MediaDelta("audio", "audio", transcript=words(event, "delta")),)

    def _ended(self, event: Wire) -> Iterator[Delta]:
        return self._close(section(event, "response"))

    def _error(self, event: Wire) -> Iterable[Delta]:
        return (Failed(failed(event)),)

    def _close(self, response: Wire) -> Iterator[Delta]:
        """The whole response at its end: what was not told yet, the counts, and why it ended."""
        told = dict(self._items)
        for index, item in enumerate(entries(response, "output")):
            known = self._known(item, index, told)
            known.stored = bool(response.get("store"))
            yield from known.whole(item)
        if usage := section(response, "usage"):
            yield from used(read_usage(usage))
        yield from self._begin(response)
        if response.get("error"):
            yield Ended("error", words(response, "status") or None)
            yield Failed(failed(response))
            return
        yield why(response, called=any(reader.called for reader in self._items.values()))
        yield Terminal()


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
    "response.audio.delta": ResponsesReader._sound,
    "response.audio.transcript.delta": ResponsesReader._transcript,
    "response.mcp_call_arguments.delta": ResponsesReader._server_arguments,
    "response.reasoning_summary_text.delta": ResponsesReader._summary,
    "response.reasoning_text.delta": ResponsesReader._thought,
    "response.completed": ResponsesReader._ended,
    "response.incomplete": ResponsesReader._ended,
    "response.failed": ResponsesReader._ended,
    "response.cancelled": ResponsesReader._ended,
    "error": ResponsesReader._error,
}


def is_unfinished(body: Wire) -> bool:
    """Whether this is a response that may have no items: one under way, failed or cancelled."""
    return words(body, "object") == "response" and words(body, "status") not in ("", "completed")


def failed(event: Wire) -> Exception:
    from .codec import read_error

    return read_error(Head(0), event)
