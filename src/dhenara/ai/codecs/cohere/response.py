"""Responses: whole answers and streams of Cohere v2, read by the same functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ...types.content import GenericContent
from ...types.delta import (
    Began,
    CitationDelta,
    ContentDelta,
    Delta,
    Ended,
    Failed,
    FinishReason,
    ReasoningDelta,
    Terminal,
    TextDelta,
    ToolCallDelta,
)
from ...types.usage import Usage
from ...wire import json
from ...wire.frame import Frame
from ...wire.http import Head
from ..counts import Report, count, number, unreadable, used
from ..failure import failure
from ..foreign import COHERE, not_an_answer, refuse_foreign, says_why
from ..token_buckets import Report as Counted, split
from ..told import Wire, citation, entries, named, place, section, words

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
    """One answer. The plan to call tools is kept beside the words, which it is not a part of."""

    __slots__ = ("_called_tools", "_last", "_plan", "_text", "_thoughts")

    def __init__(self) -> None:
        self._called_tools = False
        self._last = 0
        self._text = 0
        self._thoughts: set[int] = set()
        self._plan: list[str] = []

    def whole(self, body: Any) -> Iterator[Delta]:
        refuse_foreign(body, COHERE)
        message = section(body, "message")
        if not message and not body.get("finish_reason"):
            if not says_why(body):
                raise not_an_answer(COHERE)
            yield Failed(failed(body))
            return
        yield Began(named(body, "id"), named(body, "model"))
        content = message.get("content")
        for index, block in enumerate([{"text": content}] if isinstance(content, str) else entries(message, "content")):
            yield from self._block(index, block)
        for index, call in enumerate(entries(message, "tool_calls")):
            yield from self._call(index, call)
        for told in entries(message, "citations"):
            yield self._citation(told)
        if plan := words(message, "tool_plan"):
            self._plan.append(plan)
        yield from self._end(body)

    def frame(self, frame: Frame) -> Iterable[Delta]:
        data = frame.data.strip()
        event = json.loads(data) if data and data != LAST else None
        if not isinstance(event, dict):
            return ()
        read = EVENTS.get(words(event, "type") or frame.event or "")
        if read is not None:
            return read(self, event)
        refuse_foreign(event, COHERE)
        return (Failed(failed(event)),) if event.get("message") or event.get("error") else ()

    def finish(self) -> Iterator[Delta]:
        if self._plan:
            yield Began(extras={"tool_plan": "".join(self._plan)})

    def _started(self, event: Wire) -> Iterable[Delta]:
        return (Began(named(event, "id")),)

    def _content(self, event: Wire) -> Iterator[Delta]:
        self._last = place(event, "index", self._last)
        content = message_of(event).get("content")
        return self._block(self._last, content if isinstance(content, dict) else {"text": content})

    def _planned(self, event: Wire) -> Iterable[Delta]:
        self._plan.append(words(message_of(event), "tool_plan"))
        return ()

    def _called(self, event: Wire) -> Iterator[Delta]:
        """One call an event, though it stands under the name of all."""
        index = place(event, "index")
        for offset, call in enumerate(entries(message_of(event), "tool_calls")):
            yield from self._call(index + offset, call)

    def _cited(self, event: Wire) -> Iterable[Delta]:
        return [self._citation(told) for told in entries(message_of(event), "citations")]

    def _ended(self, event: Wire) -> Iterator[Delta]:
        return self._end(section(event, "delta"))

    def _block(self, index: int, block: Wire) -> Iterator[Delta]:
        if isinstance(thought := block.get("thinking"), str):
            self._thoughts.add(index)
            yield ReasoningDelta(f"content{index}", thought)
        elif isinstance(text := block.get("text"), str):
            self._text = index
            yield TextDelta(f"content{index}", text)
        elif block.keys() - {"type", "text", "thinking"}:
            yield ContentDelta(f"content{index}", GenericContent(kind=words(block, "type"), data=block))

    def _call(self, index: int, call: Wire) -> Iterator[Delta]:
        self._called_tools = True
        function = section(call, "function")
        given = function.get("arguments")
        text = given if isinstance(given, str) else json.dumps(given).decode() if given else ""
        verbatim = given is None or isinstance(given, str)
        yield ToolCallDelta(f"call{index}", named(call, "id"), words(function, "name") or None, text, verbatim)

    def _citation(self, told: Wire) -> Delta:
        """Sources of the thinking are kept with the text: thinking has none here."""
        at = place(told, "content_index", self._text)
        documents = [section(source, "document") for source in entries(told, "sources")]
        first: Wire = documents[0] if documents else {}
        cited = citation(
            told,
            url=first.get("url"),
            title=first.get("title"),
            cited_text=told.get("text"),
            start=told.get("start"),
            end=told.get("end"),
        )
        return CitationDelta(f"content{self._text if at in self._thoughts else at}", cited)

    def _end(self, told: Wire) -> Iterator[Delta]:
        yield from self.finish()
        self._plan.clear()
        if usage := section(told, "usage"):
            yield from used(read_usage(usage))
        raw = words(told, "finish_reason") or "COMPLETE"
        reason = FINISH.get(raw, "other")
        yield Ended("tool_calls" if reason == "stop" and self._called_tools else reason, raw)
        if told.get("error"):
            yield Failed(failure(Head(500), told, str(told["error"])))
            return
        yield Terminal()


EVENTS: dict[str, Callable[[CohereReader, Wire], Iterable[Delta]]] = {
    "message-start": CohereReader._started,
    "content-start": CohereReader._content,
    "content-delta": CohereReader._content,
    "tool-plan-delta": CohereReader._planned,
    "tool-call-start": CohereReader._called,
    "tool-call-delta": CohereReader._called,
    "citation-start": CohereReader._cited,
    "message-end": CohereReader._ended,
}


def message_of(event: Wire) -> Wire:
    return section(section(event, "delta"), "message")


def failed(told: Wire) -> Exception:
    """An error in the place of an answer, or of an event."""
    from .codec import read_error

    return read_error(Head(0), told)


def read_usage(report: Report) -> Usage:
    """`tokens` is what was read and written; `billed_units`, which is less, is kept in `raw`."""
    tokens = section(report, "tokens")
    found = split(
        Counted(
            count(tokens, "input_tokens"),
            count(tokens, "output_tokens"),
            None,
            read={"cache_read_tokens": number(report, "cached_tokens")},
            made={"reasoning_tokens": number(tokens, "reasoning_tokens")},
        )
    )
    return Usage.made(**found.counts, unclear=(*found.unclear, *unreadable(report)), raw=dict(report))
