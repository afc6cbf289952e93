"""Responses: whole answers and streams of Messages, read by the same functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

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
from ...wire import json
from ...wire.frame import Frame
from ...wire.http import Head
from ..beside import beside
from .usage import read_usage

Wire = dict[str, Any]

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
BESIDE = ("container", "context_management", "input_transformations", "diagnostics")
SERVER_TOOLS = frozenset({"server_tool_use", "mcp_tool_use"})
KNOWN_OF_CALLS = frozenset({"type", "id", "name", "input"})


class MessagesReader:
    """One answer. Blocks it does not know are kept whole until they are complete."""

    __slots__ = ("_kinds", "_open", "_usage")

    def __init__(self) -> None:
        self._kinds: dict[int, str] = {}
        self._open: dict[int, Wire] = {}
        self._usage: Wire = {}

    def whole(self, body: Any) -> Iterator[Delta]:
        if body.get("type") == "error":
            yield Failed(failed(body))
            return
        yield from self._begin(body)
        for index, block in enumerate(body["content"]):
            yield from self._block(index, block)
            yield from self._close(index)
        yield from self._end(body, body.get("usage"))
        yield Terminal()

    def frame(self, frame: Frame) -> Iterable[Delta]:
        event = json.loads(frame.data)
        read = EVENTS.get(event["type"])
        return read(self, event) if read is not None else ()

    def finish(self) -> Iterator[Delta]:
        """Unknown blocks that were still being told."""
        for index in list(self._open):
            yield from self._close(index)

    def _started(self, event: Wire) -> Iterator[Delta]:
        yield from self._begin(event["message"])
        yield from self._used(event["message"].get("usage"))

    def _block_started(self, event: Wire) -> Iterator[Delta]:
        return self._block(event["index"], event["content_block"])

    def _block_grew(self, event: Wire) -> Iterable[Delta]:
        index, delta = event["index"], event["delta"]
        if index in self._open:
            merge(self._open[index], delta)
            return ()
        match delta["type"]:
            case "text_delta":
                return (TextDelta(index, delta["text"]),)
            case "input_json_delta":
                return (self._arguments(index, delta["partial_json"]),)
            case "thinking_delta":
                return (ReasoningDelta(index, delta["thinking"]),)
            case "signature_delta":
                return (ReasoningDelta(index, signature=delta["signature"]),)
            case "citations_delta":
                return (CitationDelta(index, read_citation(delta["citation"])),)
        return ()

    def _block_ended(self, event: Wire) -> Iterator[Delta]:
        return self._close(event["index"])

    def _message_grew(self, event: Wire) -> Iterator[Delta]:
        told = {**event.get("delta", {}), **{name: event[name] for name in BESIDE if event.get(name)}}
        return self._end(told, event.get("usage"))

    def _stopped(self, event: Wire) -> Iterable[Delta]:
        return (Terminal(),)

    def _error(self, event: Wire) -> Iterable[Delta]:
        return (Failed(failed(event)),)

    def _begin(self, message: Wire) -> Iterator[Delta]:
        yield Began(message.get("id"), message.get("model"))

    def _block(self, index: int, block: Wire) -> Iterator[Delta]:
        kind = block["type"]
        self._kinds[index] = kind
        match kind:
            case "text":
                yield TextDelta(index, block["text"])
                for citation in block.get("citations") or ():
                    yield CitationDelta(index, read_citation(citation))
            case "thinking":
                yield ReasoningDelta(index, block["thinking"], signature=block.get("signature") or None)
            case "redacted_thinking":
                yield ReasoningDelta(index, redacted=True, extras={"data": block.get("data", "")})
            case "tool_use":
                yield read_call(index, block)
            case _ if kind in SERVER_TOOLS:
                yield read_server_tool(index, block)
            case _:
                self._open[index] = dict(block)
                if kind == "fallback":
                    yield Began(model=(block.get("to") or {}).get("model"))

    def _arguments(self, index: int, piece: str) -> Delta:
        if self._kinds.get(index) in SERVER_TOOLS:
            return ServerToolDelta(index, arguments=piece)
        return ToolCallDelta(index, arguments=piece, verbatim=False)

    def _close(self, index: int) -> Iterator[Delta]:
        block = self._open.pop(index, None)
        if block is not None:
            yield ContentDelta(index, GenericContent(kind=block["type"], data=block))

    def _end(self, told: Wire, usage: Wire | None) -> Iterator[Delta]:
        yield from self._used(usage)
        if extras := beside(told, BESIDE):
            yield Began(extras=extras)
        if raw := told.get("stop_reason"):
            details = told.get("stop_details") or {}
            yield Ended(FINISH.get(raw, "other"), raw, told.get("stop_sequence"), details.get("explanation"))

    def _used(self, usage: Wire | None) -> Iterator[Delta]:
        """Later counts replace earlier ones; what they leave out still holds."""
        if usage:
            self._usage.update({name: value for name, value in usage.items() if value is not None})
            yield Used(read_usage(self._usage))


EVENTS: dict[str, Callable[[MessagesReader, Wire], Iterable[Delta]]] = {
    "message_start": MessagesReader._started,
    "content_block_start": MessagesReader._block_started,
    "content_block_delta": MessagesReader._block_grew,
    "content_block_stop": MessagesReader._block_ended,
    "message_delta": MessagesReader._message_grew,
    "message_stop": MessagesReader._stopped,
    "error": MessagesReader._error,
}


def read_call(index: int, block: Wire) -> Delta:
    given = block.get("input")
    extras = {name: value for name, value in block.items() if name not in KNOWN_OF_CALLS}
    arguments = json.dumps(given).decode() if given else ""
    return ToolCallDelta(index, block["id"], block["name"], arguments, verbatim=False, extras=extras or None)


def read_server_tool(index: int, block: Wire) -> Delta:
    given = block.get("input")
    return ServerToolDelta(
        index,
        block.get("id"),
        block.get("name"),
        json.dumps(given).decode() if given else "",
        {name: value for name, value in block.items() if name != "input"},
    )


def read_citation(told: Wire) -> Citation:
    """All kinds of places in one shape; the origin's own words in `extras`."""
    first = ("start_char_index", "start_page_number", "start_block_index")
    last = ("end_char_index", "end_page_number", "end_block_index")
    return Citation(
        url=told.get("url"),
        title=told.get("title") or told.get("document_title"),
        cited_text=told.get("cited_text"),
        start=next((told[name] for name in first if told.get(name) is not None), None),
        end=next((told[name] for name in last if told.get(name) is not None), None),
        extras=told,
    )


def merge(block: Wire, delta: Wire) -> None:
    """A delta of unknown kind: text goes on, anything else is set."""
    for name, value in delta.items():
        if name == "type" or value is None:
            continue
        known = block.get(name)
        block[name] = known + value if isinstance(known, str) and isinstance(value, str) else value


def failed(event: Wire) -> Exception:
    """An error in the middle of an answer; its type says what the missing status would."""
    from .codec import read_error

    return read_error(Head(0), event)
