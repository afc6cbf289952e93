"""Responses: whole answers and streams of Cohere v2, read by the same functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ...types.content import Citation
from ...types.delta import (
    Began,
    CitationDelta,
    Delta,
    Ended,
    Failed,
    FinishReason,
    ReasoningDelta,
    Terminal,
    TextDelta,
    ToolCallDelta,
    Used,
)
from ...types.usage import Usage
from ...wire import json
from ...wire.frame import Frame
from ...wire.http import Head
from ..counts import Report, number, section
from ..failure import failure

Wire = dict[str, Any]
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

    __slots__ = ("_plan", "_text")

    def __init__(self) -> None:
        self._text = 0
        self._plan: list[str] = []

    def whole(self, body: Any) -> Iterator[Delta]:
        message = body["message"]
        yield Began(body.get("id"))
        for index, block in enumerate(message.get("content") or ()):
            yield from self._block(index, block)
        for index, call in enumerate(message.get("tool_calls") or ()):
            yield from self._call(index, call)
        for citation in message.get("citations") or ():
            yield self._citation(citation)
        if message.get("tool_plan"):
            self._plan.append(message["tool_plan"])
        yield from self._end(body)

    def frame(self, frame: Frame) -> Iterable[Delta]:
        if frame.data == b"[DONE]":
            return ()
        event = json.loads(frame.data)
        read = EVENTS.get(event.get("type", ""))
        return read(self, event) if read is not None else ()

    def finish(self) -> Iterator[Delta]:
        if self._plan:
            yield Began(extras={"tool_plan": "".join(self._plan)})

    def _started(self, event: Wire) -> Iterable[Delta]:
        return (Began(event.get("id")),)

    def _content(self, event: Wire) -> Iterator[Delta]:
        return self._block(event["index"], event["delta"]["message"]["content"])

    def _planned(self, event: Wire) -> Iterable[Delta]:
        self._plan.append(event["delta"]["message"].get("tool_plan") or "")
        return ()

    def _called(self, event: Wire) -> Iterator[Delta]:
        return self._call(event["index"], event["delta"]["message"]["tool_calls"])

    def _cited(self, event: Wire) -> Iterable[Delta]:
        return (self._citation(event["delta"]["message"]["citations"]),)

    def _ended(self, event: Wire) -> Iterator[Delta]:
        return self._end(event["delta"])

    def _block(self, index: int, block: Wire) -> Iterator[Delta]:
        if "thinking" in block:
            yield ReasoningDelta(f"content{index}", block["thinking"])
        elif "text" in block:
            self._text = index
            yield TextDelta(f"content{index}", block["text"])

    def _call(self, index: int, call: Wire) -> Iterator[Delta]:
        function = call.get("function") or {}
        yield ToolCallDelta(f"call{index}", call.get("id"), function.get("name"), function.get("arguments") or "")

    def _citation(self, told: Wire) -> Delta:
        place = told.get("content_index", self._text)
        documents = [source.get("document") or {} for source in told.get("sources") or ()]
        first: Wire = documents[0] if documents else {}
        citation = Citation(
            url=first.get("url"),
            title=first.get("title"),
            cited_text=told.get("text"),
            start=told.get("start"),
            end=told.get("end"),
            extras=told,
        )
        return CitationDelta(f"content{place}", citation)

    def _end(self, told: Wire) -> Iterator[Delta]:
        yield from self.finish()
        self._plan.clear()
        if told.get("usage"):
            yield Used(read_usage(told["usage"]))
        raw = told.get("finish_reason") or "COMPLETE"
        yield Ended(FINISH.get(raw, "other"), raw)
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


def read_usage(report: Report) -> Usage:
    """`tokens` is what was read and written; `billed_units`, which is less, is kept in `raw`."""
    tokens = section(report, "tokens")
    total_in, total_out = number(tokens, "input_tokens"), number(tokens, "output_tokens")
    cached = min(number(report, "cached_tokens"), total_in)
    thought = min(number(tokens, "reasoning_tokens"), total_out)
    return Usage(
        input_tokens=total_in - cached,
        cache_read_tokens=cached,
        output_tokens=total_out - thought,
        reasoning_tokens=thought,
        raw=dict(report),
    )
