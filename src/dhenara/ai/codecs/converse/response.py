"""Responses: whole answers and event streams of Converse, read by the same functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ...errors import CallError
from ...types.content import Citation, GenericContent
from ...types.delta import (
    Began,
    CitationDelta,
    ContentDelta,
    Delta,
    Ended,
    Failed,
    FinishReason,
    ReasoningDelta,
    ServerToolDelta,
    Terminal,
    TextDelta,
    ToolCallDelta,
    Used,
)
from ...types.usage import Usage
from ...wire import json
from ...wire.frame import Frame
from ...wire.http import Head
from ..beside import beside
from ..counts import Report, number
from ..failure import failure

Wire = dict[str, Any]
FINISH: dict[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
    "model_context_window_exceeded": "context_length",
}
# What an exception inside a stream would have been as a status.
EXCEPTIONS = {
    "throttlingException": 429,
    "validationException": 400,
    "accessDeniedException": 403,
    "modelTimeoutException": 408,
    "modelStreamErrorException": 424,
    "serviceUnavailableException": 503,
    "internalServerException": 500,
}
BESIDE = ("additionalModelResponseFields", "trace", "performanceConfig", "serviceTier")


class ConverseReader:
    """One answer. The event that ends the message is its last word; the counts come after it."""

    __slots__ = ("_kinds", "_results", "_stopped")

    def __init__(self) -> None:
        self._kinds: dict[int, str] = {}
        self._results: dict[int, Wire] = {}
        self._stopped = False

    def whole(self, body: Any) -> Iterator[Delta]:
        for index, block in enumerate(body["output"]["message"]["content"]):
            yield from self._block(index, block)
        yield from self._end(body)
        yield from self._counted(body)
        yield from self.finish()

    def frame(self, frame: Frame) -> Iterable[Delta]:
        said = json.loads(frame.data) if frame.data else {}
        if frame.headers.get(":message-type") in ("exception", "error"):
            return (Failed(exception(frame, said)),)
        read = EVENTS.get(frame.event or "")
        return read(self, said) if read is not None else ()

    def finish(self) -> Iterator[Delta]:
        for index in list(self._results):
            yield from self._stopped_block({"contentBlockIndex": index})
        if self._stopped:
            yield Terminal()

    def _started(self, event: Wire) -> Iterator[Delta]:
        index, start = event["contentBlockIndex"], event.get("start") or {}
        if "toolUse" in start:
            yield self._call(index, start["toolUse"], "")
        elif "toolResult" in start:
            self._results[index] = {**start["toolResult"], "content": []}

    def _grew(self, event: Wire) -> Iterator[Delta]:
        index, delta = event["contentBlockIndex"], event["delta"]
        if "text" in delta:
            yield TextDelta(index, delta["text"])
        elif "toolUse" in delta:
            piece = delta["toolUse"].get("input") or ""
            if self._kinds.get(index) == "server":
                yield ServerToolDelta(index, arguments=piece)
            else:
                yield ToolCallDelta(index, arguments=piece, verbatim=False)
        elif "reasoningContent" in delta:
            yield read_thought(index, delta["reasoningContent"])
        elif "citation" in delta:
            yield CitationDelta(index, read_citation(delta["citation"]))
        elif "toolResult" in delta:
            self._results.setdefault(index, {"content": []})["content"].extend(delta["toolResult"])

    def _stopped_block(self, event: Wire) -> Iterator[Delta]:
        """What a tool of the provider's own found is one block again, as it would be in a whole answer."""
        result = self._results.pop(event["contentBlockIndex"], None)
        if result is not None:
            data = {"toolResult": result}
            yield ContentDelta(event["contentBlockIndex"], GenericContent(kind="toolResult", data=data))

    def _ended(self, event: Wire) -> Iterator[Delta]:
        yield from self._end(event)

    def _metadata(self, event: Wire) -> Iterator[Delta]:
        yield from self._counted(event)

    def _block(self, index: int, block: Wire) -> Iterator[Delta]:
        if "text" in block:
            yield TextDelta(index, block["text"])
        elif "toolUse" in block:
            given = block["toolUse"].get("input")
            yield self._call(index, block["toolUse"], json.dumps(given).decode() if given else "")
        elif "reasoningContent" in block:
            thought = block["reasoningContent"]
            yield read_thought(index, thought.get("reasoningText") or thought)
        elif "citationsContent" in block:
            told = block["citationsContent"]
            yield TextDelta(index, "".join(part.get("text") or "" for part in told.get("content") or ()))
            for citation in told.get("citations") or ():
                yield CitationDelta(index, read_citation(citation))
        else:
            yield ContentDelta(index, GenericContent(kind=next(iter(block), ""), data=block))

    def _call(self, index: int, tool: Wire, arguments: str) -> Delta:
        """A tool of the provider's own says so in its type."""
        if tool.get("type") == "server_tool_use":
            self._kinds[index] = "server"
            return ServerToolDelta(index, tool["toolUseId"], tool["name"], arguments, {"toolUse": tool})
        return ToolCallDelta(index, tool["toolUseId"], tool["name"], arguments, verbatim=False)

    def _end(self, told: Wire) -> Iterator[Delta]:
        raw = told.get("stopReason")
        if raw:
            self._stopped = True
            yield Ended(FINISH.get(raw, "other"), raw)
        if extras := beside(told, BESIDE):
            yield Began(extras=extras)

    def _counted(self, told: Wire) -> Iterator[Delta]:
        if told.get("usage"):
            yield Used(read_usage(told["usage"]))


EVENTS: dict[str, Callable[[ConverseReader, Wire], Iterable[Delta]]] = {
    "contentBlockStart": ConverseReader._started,
    "contentBlockDelta": ConverseReader._grew,
    "contentBlockStop": ConverseReader._stopped_block,
    "messageStop": ConverseReader._ended,
    "metadata": ConverseReader._metadata,
}


def read_thought(index: int, thought: Wire) -> Delta:
    if "redactedContent" in thought:
        return ReasoningDelta(index, redacted=True, extras={"data": thought["redactedContent"]})
    return ReasoningDelta(index, thought.get("text") or "", signature=thought.get("signature") or None)


def read_citation(told: Wire) -> Citation:
    location = told.get("location") or {}
    place = next((value for value in location.values() if isinstance(value, dict)), {})
    return Citation(
        url=place.get("url") or (location.get("web") or {}).get("url"),
        title=told.get("title"),
        cited_text="".join(part.get("text") or "" for part in told.get("sourceContent") or ()) or None,
        start=place.get("start"),
        end=place.get("end"),
        extras=told,
    )


def read_usage(report: Report) -> Usage:
    """Fresh and cached input are counted apart."""
    return Usage(
        input_tokens=number(report, "inputTokens"),
        cache_read_tokens=number(report, "cacheReadInputTokens"),
        cache_write_tokens=number(report, "cacheWriteInputTokens"),
        output_tokens=number(report, "outputTokens"),
        raw=dict(report),
    )


def exception(frame: Frame, said: Any) -> CallError:
    """A modelled exception after a 200, as the error it would have been."""
    told = said if isinstance(said, dict) else {}
    words = told.get("message") or frame.headers.get(":error-message") or f"the stream failed with {frame.event}"
    return failure(Head(EXCEPTIONS.get(frame.event or "", 500)), told, str(words), None, frame.event)
