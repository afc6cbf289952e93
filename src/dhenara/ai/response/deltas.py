"""Deltas converted to stream chunks, and errors converted to stream events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..errors import CallError
from ..types.chat.delta import (
    CitationDelta,
    ContentDelta,
    Delta,
    ErrorDelta,
    FileDelta,
    FinishDelta,
    LogprobsDelta,
    MediaDelta,
    Part,
    PartDelta,
    ReasoningDelta,
    RefusalDelta,
    ResponseStart,
    ResultDelta,
    ServerToolDelta,
    StreamEnd,
    TextDelta,
    ToolCallDelta,
    UsageDelta,
    WarningDelta,
)
from ..types.chat.stream import SSEErrorCode, SSEErrorData, SSEErrorResponse, SSEEventType, StreamingChatResponse
from ..types.chat.usage import Usage
from ..types.content.parts import Origin

Wire = dict[str, Any]


class ChunkBuilder:
    """Numbers the parts of each choice in the order in which they appear, as in the final response."""

    __slots__ = ("_id", "_model", "_named", "_numbers", "_provider")

    def __init__(self, origin: Origin) -> None:
        self._provider = origin.provider
        self._id: str | None = None
        self._model: str | None = None
        self._numbers: dict[tuple[int, Part], int] = {}
        self._named: set[tuple[int, str]] = set()

    def chunk(self, batch: Sequence[Delta]) -> StreamingChatResponse | None:
        """Return the chunk for one event; None if the event has no content."""
        if len(batch) == 1 and type(batch[0]) is TextDelta:
            return self._text_chunk(batch[0])
        choices: dict[int, Wire] = {}
        usage: Usage | None = None
        for delta in batch:
            match delta:
                case UsageDelta():
                    usage = delta.usage
                case FinishDelta():
                    open_choice(choices, delta.choice)["finish_reason"] = delta.reason
                case LogprobsDelta():
                    open_choice(choices, delta.choice)
                case ResponseStart():
                    self._id, self._model = self._id or delta.id, delta.model or self._model
                case StreamEnd() | WarningDelta() | ErrorDelta() | ResultDelta() | FileDelta():
                    pass
                case _:
                    self._show(choices, delta)
        if not choices and usage is None:
            return None
        return self._build(choices, usage)

    def text(self, batch: Sequence[Delta]) -> str | None:
        """Return the `text_delta` of the chunk for one event; nothing else of a chunk is made for text alone."""
        if len(batch) == 1 and type(batch[0]) is TextDelta and batch[0].choice == 0:
            self._numbers.setdefault((0, batch[0].part), len(self._numbers))
            return batch[0].text
        chunk = self.chunk(batch)
        return None if chunk is None else chunk.text_delta

    def _text_chunk(self, delta: TextDelta) -> StreamingChatResponse:
        """Fast path for chunks with text only."""
        shown = {"type": "text", "index": self._number(delta), "text_delta": delta.text}
        return self._build_validated([{"index": delta.choice, "content_deltas": [shown]}], None)

    def _show(self, choices: dict[int, Wire], delta: PartDelta) -> None:
        shown = SHOWN[type(delta)](delta)
        shown["index"] = self._number(delta)
        if type(delta) is ToolCallDelta:
            self._name_once(shown)
        open_choice(choices, delta.choice)["content_deltas"].append(shown)

    def _name_once(self, call: Wire) -> None:
        """Leave out id and name of a call that were sent before, because some protocols repeat them."""
        for field in ("id", "name"):
            if call[field] and (call["index"], field) in self._named:
                call[field] = None
            elif call[field]:
                self._named.add((call["index"], field))

    def _number(self, delta: PartDelta) -> int:
        numbers = self._numbers
        return numbers.setdefault((delta.choice, delta.part), len(numbers))

    def _build(self, choices: dict[int, Wire], usage: Usage | None) -> StreamingChatResponse:
        """Build a chunk; every choice has at least one content delta, so that the first one can be read without a
        check.
        """
        if not choices:
            open_choice(choices, 0)
        for choice in choices.values():
            if not choice["content_deltas"]:
                choice["content_deltas"] = [EMPTY]
        return self._build_validated(list(choices.values()), usage)

    def _build_validated(self, choices: list[Wire], usage: Usage | None) -> StreamingChatResponse:
        # One validation of the whole chunk costs less than creating its four nested values one by one.
        data = {
            "id": self._id,
            "model": self._model,
            "provider": self._provider,
            "usage": usage,
            "choice_deltas": choices,
        }
        return StreamingChatResponse.model_validate({"event": SSEEventType.TOKEN_STREAM, "data": data})


def open_choice(choices: dict[int, Wire], index: int) -> Wire:
    return choices.setdefault(index, {"index": index, "content_deltas": []})


def show_text(delta: TextDelta) -> Wire:
    return {"type": "text", "text_delta": delta.text}


def show_reasoning(delta: ReasoningDelta) -> Wire:
    return {"type": "reasoning", "reasoning_delta": delta.text or delta.raw_text}


def show_refusal(delta: RefusalDelta) -> Wire:
    return {"type": "refusal", "refusal_delta": delta.text}


def show_call(delta: ToolCallDelta) -> Wire:
    return {"type": "tool_call", "id": delta.id, "name": delta.name, "arguments_delta": delta.arguments}


def show_content(delta: ContentDelta) -> Wire:
    return {"type": "other", "kind": getattr(delta.content, "type", ""), "content": delta.content}


def show_media(delta: MediaDelta) -> Wire:
    return {"type": "other", "kind": delta.kind, "data_delta": delta.base64, "transcript_delta": delta.transcript}


def show_server_tool(delta: ServerToolDelta) -> Wire:
    return {"type": "other", "kind": "server_tool", "name": delta.name}


def show_citation(delta: CitationDelta) -> Wire:
    return {"type": "other", "kind": "citation", "citation": delta.citation}


EMPTY: Wire = {"type": "text"}
SHOWN: dict[type, Callable[[Any], Wire]] = {
    TextDelta: show_text,
    ReasoningDelta: show_reasoning,
    RefusalDelta: show_refusal,
    ToolCallDelta: show_call,
    ContentDelta: show_content,
    MediaDelta: show_media,
    ServerToolDelta: show_server_tool,
    CitationDelta: show_citation,
}


def to_error_event(error: CallError) -> SSEErrorResponse:
    """Return the error event; the final tuple follows it."""
    details = {
        "type": type(error).__name__,
        "code": error.code,
        "status": error.status,
        "request_id": error.request_id,
        "provider_code": error.provider_code,
    }
    return SSEErrorResponse(
        data=SSEErrorData(
            error_code=SSEErrorCode.EXTERNAL_API_ERROR,
            message=str(error),
            details={name: value for name, value in details.items() if value is not None},
        )
    )
