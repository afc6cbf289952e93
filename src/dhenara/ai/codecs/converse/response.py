"""Responses: whole answers and event streams of Converse, read by the same functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ...errors import CallError
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
from ..failure import failure, plain_failure
from ..foreign import CONVERSE, not_an_answer, refuse_foreign, says_why
from ..told import Wire, entries, named, place, section, words
from .reports import MEDIA, read_citation, read_media, read_usage

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

    __slots__ = ("_called", "_formats", "_kinds", "_last", "_results", "_stopped")

    def __init__(self) -> None:
        self._called = False
        self._formats: dict[int, str] = {}
        self._kinds: dict[int, str] = {}
        self._last = 0
        self._results: dict[int, Wire] = {}
        self._stopped = False

    def whole(self, body: Any) -> Iterator[Delta]:
        """A body that is no answer says why there is none."""
        refuse_foreign(body, CONVERSE)
        if not section(body, "output") and "stopReason" not in body:
            if not says_why(body) and not body.get("Message"):
                raise not_an_answer(CONVERSE)
            yield Failed(plain_failure(Head(0), body))
            return
        for index, block in enumerate(entries(section(section(body, "output"), "message"), "content")):
            yield from self._block(index, block)
        yield from self._end(body)
        yield from self._counted(body)
        yield from self.finish()

    def frame(self, frame: Frame) -> Iterable[Delta]:
        said = json.loads(frame.data) if frame.data else {}
        if frame.headers.get(":message-type") in ("exception", "error"):
            return (Failed(exception(frame, said)),)
        read = EVENTS.get(frame.event or "")
        if read is None:
            refuse_foreign(said, CONVERSE)
            return ()
        return read(self, said) if isinstance(said, dict) else ()

    def finish(self) -> Iterator[Delta]:
        for index in list(self._results):
            yield from self._stopped_block({"contentBlockIndex": index})
        if self._stopped:
            yield Terminal()

    def _index(self, event: Wire) -> int:
        self._last = place(event, "contentBlockIndex", self._last)
        return self._last

    def _started(self, event: Wire) -> Iterator[Delta]:
        index, start = self._index(event), section(event, "start")
        if tool := section(start, "toolUse"):
            yield self._call(index, tool, "")
        elif result := section(start, "toolResult"):
            self._results[index] = {**result, "content": []}
        elif picture := section(start, "image"):
            self._formats[index] = words(picture, "format")

    def _grew(self, event: Wire) -> Iterator[Delta]:
        index, delta = self._index(event), section(event, "delta")
        if text := words(delta, "text"):
            yield TextDelta(index, text)
        elif tool := section(delta, "toolUse"):
            piece = words(tool, "input")
            if self._kinds.get(index) == "server":
                yield ServerToolDelta(index, arguments=piece)
            else:
                yield ToolCallDelta(index, arguments=piece, verbatim=False)
        elif thought := section(delta, "reasoningContent"):
            yield read_thought(index, thought)
        elif citation := section(delta, "citation"):
            yield CitationDelta(index, read_citation(citation))
        elif result := entries(delta, "toolResult"):
            self._results.setdefault(index, {"content": []})["content"].extend(result)
        elif picture := section(delta, "image"):
            yield from read_media(index, "image", {"format": self._formats.get(index), **picture})

    def _stopped_block(self, event: Wire) -> Iterator[Delta]:
        """What a tool of the provider's own found is one block again, as it would be in a whole answer."""
        index = self._index(event)
        result = self._results.pop(index, None)
        if result is not None:
            yield ContentDelta(index, GenericContent(kind="toolResult", data={"toolResult": result}))

    def _ended(self, event: Wire) -> Iterator[Delta]:
        yield from self._end(event)

    def _metadata(self, event: Wire) -> Iterator[Delta]:
        yield from self._counted(event)
        if extras := beside(event, BESIDE):
            yield Began(extras=extras)

    def _block(self, index: int, block: Wire) -> Iterator[Delta]:
        media = next((kind for kind in MEDIA if section(block, kind)), None)
        if isinstance(block.get("text"), str):
            yield TextDelta(index, block["text"])
        elif tool := section(block, "toolUse"):
            given = tool.get("input")
            spelled = given if isinstance(given, str) else json.dumps(given).decode() if given else ""
            yield self._call(index, tool, spelled)
        elif thought := section(block, "reasoningContent"):
            yield read_thought(index, section(thought, "reasoningText") or thought)
        elif told := section(block, "citationsContent"):
            yield TextDelta(index, "".join(words(part, "text") for part in entries(told, "content")))
            for citation in entries(told, "citations"):
                yield CitationDelta(index, read_citation(citation))
        elif media is not None:
            yield from read_media(index, media, section(block, media))
        elif kind := next((name for name, value in block.items() if value is not None), None):
            yield ContentDelta(index, GenericContent(kind=kind, data=block))

    def _call(self, index: int, tool: Wire, arguments: str) -> Delta:
        """A tool of the provider's own says so in its type."""
        given, name = named(tool, "toolUseId"), words(tool, "name") or None
        if tool.get("type") == "server_tool_use":
            self._kinds[index] = "server"
            return ServerToolDelta(index, given, name, arguments, {"toolUse": tool})
        self._called = True
        return ToolCallDelta(index, given, name, arguments, verbatim=False)

    def _end(self, told: Wire) -> Iterator[Delta]:
        if raw := words(told, "stopReason"):
            self._stopped = True
            reason = FINISH.get(raw, "other")
            yield Ended("tool_calls" if reason == "stop" and self._called else reason, raw)
        if extras := beside(told, BESIDE):
            yield Began(extras=extras)

    def _counted(self, told: Wire) -> Iterator[Delta]:
        if usage := section(told, "usage"):
            yield from used(read_usage(usage))


EVENTS: dict[str, Callable[[ConverseReader, Wire], Iterable[Delta]]] = {
    "contentBlockStart": ConverseReader._started,
    "contentBlockDelta": ConverseReader._grew,
    "contentBlockStop": ConverseReader._stopped_block,
    "messageStop": ConverseReader._ended,
    "metadata": ConverseReader._metadata,
}


def read_thought(index: int, thought: Wire) -> Delta:
    if sealed := thought.get("redactedContent"):
        return ReasoningDelta(index, redacted=True, extras={"data": sealed})
    return ReasoningDelta(index, words(thought, "text"), signature=words(thought, "signature") or None)


def exception(frame: Frame, said: Any) -> CallError:
    """A modelled exception after a 200, as the error it would have been."""
    told = said if isinstance(said, dict) else {}
    words = told.get("message") or frame.headers.get(":error-message") or f"the stream failed with {frame.event}"
    return failure(Head(EXCEPTIONS.get(frame.event or "", 500)), told, str(words), None, frame.event)
