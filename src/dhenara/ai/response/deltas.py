"""Deltas converted to stream chunks, and errors converted to stream events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from ..errors import CallError
from ..types.chat.chunk import (
    ChatContentDelta,
    ChatResponseChoiceDelta,
    ChatResponseChunk,
    OtherContentDelta,
    ReasoningContentDelta,
    RefusalContentDelta,
    TextContentDelta,
    ToolCallContentDelta,
    new,
    text_chunk,
)
from ..types.chat.delta import (
    CitationDelta,
    ContentDelta,
    Delta,
    ErrorDelta,
    FileDelta,
    FinishDelta,
    FinishReason,
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
from ..types.chat.stream import Shown, SSEErrorCode, SSEErrorData, SSEErrorResponse, StreamingChatResponse
from ..types.chat.usage import Usage
from ..types.content.parts import Origin
from ..wire.json import write_text
from .part_builders import tool_name

Wire = dict[str, Any]


class ChunkBuilder:
    """Makes the chunks of one response. What they contain is made when it is looked at, by `ChunkSource`."""

    __slots__ = ("_named", "_source")

    def __init__(self, origin: Origin) -> None:
        self._source = ChunkSource(origin.provider)
        self._named: set[tuple[int, Part, str]] = set()

    def chunk(self, batch: Sequence[Delta]) -> StreamingChatResponse | None:
        """Return the chunk for one event; None if the event has no content."""
        shown = self._shown(batch)
        if shown is None:
            return None
        chunk = new(StreamingChatResponse)
        chunk.__dict__["_arrived"] = self._source, shown
        return chunk

    def text(self, batch: Sequence[Delta]) -> str | None:
        """Return the `text_delta` of the chunk for one event; None if the event has no content."""
        shown = self._shown(batch)
        return None if shown is None else self._source.text(shown)

    def _shown(self, batch: Sequence[Delta]) -> Shown | None:
        """Number the parts of an event, and keep id and model; return what its chunk shows, None for nothing."""
        if len(batch) == 1 and batch[0].__class__ is TextDelta:
            text: Any = batch[0]
            if (key := (text.choice, text.part)) not in (numbers := self._source.numbers):
                numbers[key] = len(numbers)
            return text  # type: ignore[no-any-return]  # as its class says
        has_content = False
        for delta in batch:
            kind = delta.__class__
            if kind in SHOWN:
                has_content = True
                numbers = self._source.numbers
                key = (delta.choice, delta.part)  # type: ignore[union-attr]  # a PartDelta
                if key not in numbers:
                    numbers[key] = len(numbers)
                if kind is ToolCallDelta and (delta.id or delta.name):  # type: ignore[union-attr]  # as its class says
                    batch = [self._name_once(one) if one is delta else one for one in batch]
            elif kind is ResponseStart:
                self._source = self._source.with_names(delta)  # type: ignore[arg-type]  # as its class says
            elif kind not in UNSHOWN:
                has_content = True
        return batch if has_content else None

    def _name_once(self, call: Any) -> ToolCallDelta:
        """Leave out id and name of a call that were sent before, because some protocols repeat them."""
        sent = {field for field in ("id", "name") if (call.choice, call.part, field) in self._named}
        self._named |= {(call.choice, call.part, field) for field in ("id", "name") if getattr(call, field)}
        shown: ToolCallDelta = replace(call, **dict.fromkeys(sent)) if sent else call
        return shown


class ChunkSource:
    """What the chunks of a response have in common, until its id or model changes.

    Parts are numbered in the order in which they first appear, as in the final response; a number never changes.
    """

    __slots__ = ("_id", "_model", "_provider", "_written", "numbers")

    def __init__(
        self,
        provider: str | None,
        id: str | None = None,
        model: str | None = None,
        numbers: dict[tuple[int, Part], int] | None = None,
    ) -> None:
        self._provider = provider
        self._id = id
        self._model = model
        self.numbers = {} if numbers is None else numbers
        self._written: dict[tuple[int, Part], tuple[str, str]] = {}
        """What stands before and after the text in an event of one text, by part."""

    def with_names(self, start: ResponseStart) -> ChunkSource:
        """Return the source of the chunks from now on; the first id and the last model count."""
        names = self._id or start.id, start.model or self._model
        return self if names == (self._id, self._model) else ChunkSource(self._provider, *names, self.numbers)

    def text(self, shown: Shown) -> str:
        """Return the new text of the first choice."""
        if type(shown) is TextDelta:
            return "" if shown.choice else shown.text
        return "".join([delta.text for delta in shown if isinstance(delta, TextDelta) and not delta.choice])

    def text_event(self, shown: Shown) -> str | None:
        """Return an event of one text in SSE format; None for any other event.

        Such events differ only in their text, so everything around it is written once.
        """
        if type(shown) is not TextDelta:
            return None
        key = shown.choice, shown.part
        if key not in self._written:
            sample = StreamingChatResponse(data=self.chunk(TextDelta(shown.part, MARK, shown.choice)))
            before, _, after = sample.to_sse_format().rpartition(f'"{MARK}"')
            self._written[key] = before, after
        before, after = self._written[key]
        return before + write_text(shown.text) + after

    def chunk(self, shown: Shown) -> ChatResponseChunk:
        """Return what a chunk contains.

        Every choice has at least one content delta, so that the first one can be read without a check.
        """
        if type(shown) is TextDelta:
            index = self.numbers[shown.choice, shown.part]
            return text_chunk(self._id, self._model, self._provider, shown.choice, index, shown.text)
        usage: Usage | None = None
        finished: dict[int, FinishReason | None] = {}
        contents: dict[int, list[ChatContentDelta]] = {}
        for delta in shown:
            if show := SHOWN.get(delta.__class__):
                part: PartDelta = delta  # type: ignore[assignment]  # the table has all of them
                contents.setdefault(part.choice, []).append(show(part, self.numbers[part.choice, part.part]))
            elif isinstance(delta, UsageDelta):
                usage = delta.usage.model_copy(deep=True)  # the response has the same one, and both may be changed
            elif isinstance(delta, FinishDelta | LogprobsDelta):
                contents.setdefault(delta.choice, [])
                if isinstance(delta, FinishDelta):
                    finished[delta.choice] = delta.reason
        choices = [
            ChatResponseChoiceDelta(
                index=index, finish_reason=finished.get(index), content_deltas=content or [TextContentDelta()]
            )
            for index, content in (contents or NO_CONTENT).items()
        ]
        return ChatResponseChunk(
            id=self._id, model=self._model, provider=self._provider, usage=usage, choice_deltas=choices
        )


def show_text(delta: TextDelta, index: int) -> ChatContentDelta:
    return TextContentDelta(index=index, text_delta=delta.text)


def show_reasoning(delta: ReasoningDelta, index: int) -> ChatContentDelta:
    return ReasoningContentDelta(index=index, reasoning_delta=delta.text or delta.raw_text)


def show_refusal(delta: RefusalDelta, index: int) -> ChatContentDelta:
    return RefusalContentDelta(index=index, refusal_delta=delta.text)


def show_call(delta: ToolCallDelta, index: int) -> ChatContentDelta:
    name = delta.name and tool_name(delta.name)
    return ToolCallContentDelta(index=index, id=delta.id, name=name, arguments_delta=delta.arguments)


def show_content(delta: ContentDelta, index: int) -> ChatContentDelta:
    return OtherContentDelta(index=index, kind=getattr(delta.content, "type", ""), content=delta.content)  # type: ignore[arg-type]  # a concrete part


def show_media(delta: MediaDelta, index: int) -> ChatContentDelta:
    return OtherContentDelta(index=index, kind=delta.kind, data_delta=delta.base64, transcript_delta=delta.transcript)


def show_server_tool(delta: ServerToolDelta, index: int) -> ChatContentDelta:
    return OtherContentDelta(index=index, kind="server_tool", name=delta.name)


def show_citation(delta: CitationDelta, index: int) -> ChatContentDelta:
    return OtherContentDelta(index=index, kind="citation", citation=delta.citation)


SHOWN: dict[type, Callable[[Any, int], ChatContentDelta]] = {
    TextDelta: show_text,
    ReasoningDelta: show_reasoning,
    RefusalDelta: show_refusal,
    ToolCallDelta: show_call,
    ContentDelta: show_content,
    MediaDelta: show_media,
    ServerToolDelta: show_server_tool,
    CitationDelta: show_citation,
}
UNSHOWN = frozenset({StreamEnd, WarningDelta, ErrorDelta, ResultDelta, FileDelta})
"""Deltas that no chunk shows."""
NO_CONTENT: dict[int, list[ChatContentDelta]] = {0: []}
MARK = "TEXT"


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
