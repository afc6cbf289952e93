"""What happens in streams and runs, as events that every user interface has: opened, grown and closed parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal

from ..types.chat.chunk import ChatContentDelta, ToolCallContentDelta
from ..types.chat.response import AIModelCallResponse, ChatResponse
from ..types.chat.run import AgentEvent, Run, StepAnswered, StepStarted, ToolEnded, ToolRun, find_pending
from ..types.chat.stream import SSEErrorResponse, StreamingChatResponse
from ..types.content.media import Citation, Media
from ..types.content.parts import ContentItem, ServerToolContent, ToolCallContent
from ..types.operations.images import ImageResponse
from .requests import SERVER_TOOL, STOPPED, WRITTEN, ShownCall, path_of

PartKind = Literal["text", "reasoning"]


class UIEvent:
    """Something that happened: one of the classes below."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class StepOpened(UIEvent):
    number: int


class StepClosed(StepOpened):
    __slots__ = ()


@dataclass(frozen=True, slots=True)
class PartOpened(UIEvent):
    kind: PartKind
    id: str


@dataclass(frozen=True, slots=True)
class PartGrew(UIEvent):
    kind: PartKind
    id: str
    text: str


class PartClosed(PartOpened):
    __slots__ = ()


@dataclass(frozen=True, slots=True)
class CallOpened(UIEvent):
    id: str
    name: str
    by_provider: bool = False


@dataclass(frozen=True, slots=True)
class CallGrew(UIEvent):
    id: str
    text: str


@dataclass(frozen=True, slots=True)
class CallClosed(UIEvent):
    """The arguments are complete. `grew`: pieces were sent; `invalid`: they are not a JSON object, but text."""

    id: str
    name: str
    arguments: Any
    by_provider: bool = False
    grew: bool = False
    invalid: bool = False


@dataclass(frozen=True, slots=True)
class CallResolved(UIEvent):
    """A call has a result, or is pending. `is_earlier`: an earlier request of the user interface showed the call."""

    id: str
    tool: ToolRun
    is_earlier: bool = False


@dataclass(frozen=True, slots=True)
class SourceShown(UIEvent):
    id: str
    url: str | None
    title: str | None


@dataclass(frozen=True, slots=True)
class MediaShown(UIEvent):
    media: Media


@dataclass(frozen=True, slots=True)
class StreamFailed(UIEvent):
    error: Exception | None


@dataclass(frozen=True, slots=True)
class StreamFinished(UIEvent):
    reason: str | None
    result: Run[Any] | AIModelCallResponse | None = None


class EventReader:
    """Converts the items of one stream, or a whole answer or run, to events. Only the first choice is shown."""

    def __init__(self, failure: Callable[[], Exception | None] = lambda: None) -> None:
        self._failure = failure
        self._step = 0
        self._is_open = False
        self._part: tuple[PartKind, int, str] | None = None
        self._parts = 0
        self._streamed: set[str] = set()  # kinds of parts, in this step
        self._calls: dict[int, ShownCall] = {}
        self._server_calls: dict[int, ShownCall] = {}
        # Ids in the user interface of the calls in the conversation; the ids of providers may repeat.
        self._ids: dict[str, str] = {}
        self._sources: set[str] = set()
        self._agents: set[str] = set()  # those that answered in this stream
        self._failed = self._broken = self._finished = self._began = False

    def read(self, item: object) -> Iterator[UIEvent]:
        """Yield the events of one item: of a stream, or a whole answer or run."""
        whole, self._began = not self._began, True
        match item:
            case StreamingChatResponse():
                deltas = (one.content_deltas for one in item.data.choice_deltas if one.index == 0)
                for delta in chain.from_iterable(deltas):
                    yield from self._delta(delta)
            case SSEErrorResponse():
                self._broken = True  # the error of a run is known with its answer
            case StepStarted():
                yield from self._open_step(item.number)
            case StepAnswered():
                yield from self._answer(item.response.chat_response)
            case ToolEnded():
                yield self._tool(item.tool)
            case str():
                yield from self._grow("text", 0, item)
            case _:
                yield from self._final(item, whole)

    def _final(self, item: object, whole: bool) -> Iterator[UIEvent]:
        match item:
            case Run():
                yield from self._run(item, whole)
            case AIModelCallResponse():
                yield from self._response(item)
            case ChatResponse():
                yield from self._response(AIModelCallResponse(chat_response=item))
            case AgentEvent():
                yield from self._agent(*path_of(item))

    def fail(self, error: Exception | None) -> Iterator[UIEvent]:
        """Yield the events of an error; only the first one is shown."""
        yield from self._close_part()
        if not self._failed:
            self._failed = True
            yield StreamFailed(error)

    def finish(
        self, reason: str | None = "stop", result: Run[Any] | AIModelCallResponse | None = None
    ) -> Iterator[UIEvent]:
        """Yield the end, once."""
        if self._broken:
            yield from self.fail(self._failure())
        if not self._finished:
            yield from self._close_step()
            self._finished = True
            yield StreamFinished("error" if self._failed else reason, result)

    def _open_step(self, number: int) -> Iterator[UIEvent]:
        yield from self._close_step()
        self._step, self._is_open = number, True
        for of_step in (self._streamed, self._calls, self._server_calls):
            of_step.clear()
        yield StepOpened(number)

    def _close_step(self) -> Iterator[UIEvent]:
        yield from self._close_part()
        if self._is_open:
            self._is_open = False
            yield StepClosed(self._step)

    def _close_part(self) -> Iterator[UIEvent]:
        part, self._part = self._part, None
        if part is not None:
            yield PartClosed(part[0], part[2])

    def _grow(self, kind: PartKind, index: int, text: str) -> Iterator[UIEvent]:
        if not text:
            return
        if not self._is_open:
            yield from self._open_step(self._step + 1)
        if self._part is None or self._part[:2] != (kind, index):
            yield from self._close_part()
            self._parts += 1
            self._part = (kind, index, f"{kind}-{self._parts}")
            yield PartOpened(kind, self._part[2])
        self._streamed.add(kind)
        yield PartGrew(kind, self._part[2], text)

    def _delta(self, delta: ChatContentDelta) -> Iterator[UIEvent]:
        if delta.type == "text":
            yield from self._grow("text", delta.index, delta.text_delta)
        elif delta.type == "reasoning":
            yield from self._grow("reasoning", delta.index, delta.reasoning_delta)
        elif delta.type == "refusal":
            yield from self._grow("text", delta.index, delta.refusal_delta)
        elif delta.type == "tool_call":
            yield from self._grow_call(delta)
        elif delta.kind == "server_tool" and delta.index not in self._server_calls:
            call = ShownCall(f"{SERVER_TOOL}{self._step or 1}-{delta.index}", delta.name or "provider_tool", None)
            yield from self._open_call(self._server_calls, delta.index, call, by_provider=True)
        elif delta.citation is not None:
            yield from self._cite(delta.citation)

    def _grow_call(self, delta: ToolCallContentDelta) -> Iterator[UIEvent]:
        call = self._calls.get(delta.index)
        if call is None:
            shown = self._new_id(delta.id or f"call-{self._step or 1}-{delta.index}")
            call = ShownCall(shown, delta.name or "", delta.id)
            yield from self._open_call(self._calls, delta.index, call)
        if delta.arguments_delta:
            call.grew = True
            yield CallGrew(call.id, delta.arguments_delta)

    def _open_call(
        self, calls: dict[int, ShownCall], index: int, call: ShownCall, *, by_provider: bool = False
    ) -> Iterator[UIEvent]:
        if not self._is_open:
            yield from self._open_step(self._step + 1)
        yield from self._close_part()
        calls[index] = call
        yield CallOpened(call.id, call.name, by_provider)

    def _new_id(self, call_id: str) -> str:
        used = set(self._ids.values())
        shown, number = call_id, 1
        while shown in used:
            number += 1
            shown = f"{call_id}-{number}"
        self._ids[call_id] = shown
        return shown

    def _answer(self, answer: ChatResponse) -> Iterator[UIEvent]:
        """Yield what was not streamed, and complete what was."""
        yield from self._close_part()
        if not self._is_open:
            yield from self._open_step(self._step + 1)
        calls, server_calls = dict(self._calls), iter(list(self._server_calls.values()))
        contents = answer.choices[0].contents if answer.choices else []
        streamed = frozenset(self._streamed)
        for index, part in enumerate(contents):
            match part:
                case ToolCallContent():
                    yield from self._complete_call(index, part, calls)
                case ServerToolContent():
                    yield from self._complete_server_call(index, part, next(server_calls, None))
                case Media():
                    yield from self._close_part()
                    yield MediaShown(part)
                case _:
                    yield from self._complete_text(index, part, streamed)
        yield from self._close_part()
        if answer.interrupted:
            yield from self.fail(self._failure())

    def _complete_text(self, index: int, part: ContentItem, streamed: frozenset[str]) -> Iterator[UIEvent]:
        kind: PartKind = "reasoning" if part.type == "reasoning" else "text"
        if kind not in streamed and part.type in WRITTEN:
            yield from self._grow(kind, index, part.get_text())
        for citation in getattr(part, "citations", None) or ():
            yield from self._cite(citation)

    def _complete_call(self, index: int, part: ToolCallContent, calls: dict[int, ShownCall]) -> Iterator[UIEvent]:
        match_at = next((key for key, one in calls.items() if one.call_id and one.call_id == part.id), None)
        call = calls.pop(index if match_at is None else match_at, None)
        if call is None:
            call = ShownCall(self._new_id(part.id), part.name, part.id)
            yield from self._open_call({}, index, call)
        self._ids[part.id] = call.id
        invalid = part.error is not None
        arguments = part.arguments_text if invalid else part.arguments
        yield CallClosed(call.id, part.name, arguments, grew=call.grew, invalid=invalid)

    def _complete_server_call(self, index: int, part: ServerToolContent, call: ShownCall | None) -> Iterator[UIEvent]:
        if call is None:
            call = ShownCall(f"{SERVER_TOOL}{self._step or 1}-{index}", part.name or "provider_tool", None)
            yield from self._open_call({}, index, call, by_provider=True)
        yield CallClosed(call.id, call.name, part.arguments, by_provider=True)

    def _cite(self, citation: Citation) -> Iterator[UIEvent]:
        name = citation.url or citation.title
        if name and name not in self._sources:
            self._sources.add(name)
            yield SourceShown(f"source-{len(self._sources)}", citation.url, citation.title)

    def _tool(self, tool: ToolRun) -> UIEvent:
        shown = self._ids.get(tool.call.id)
        return CallResolved(shown or tool.call.id, tool, is_earlier=shown is None)

    def _agent(self, path: str, event: object) -> Iterator[UIEvent]:
        """Yield the end of a call of an agent that was pending in an earlier request, which showed it."""
        if isinstance(event, StepAnswered):
            self._agents.add(path)
        elif isinstance(event, ToolEnded) and path not in self._agents:
            yield CallResolved(f"{path}/{event.tool.call.id}", event.tool, is_earlier=True)

    def _pending(self, tool: ToolRun) -> Iterator[UIEvent]:
        """Yield a call that waits; for an agent its calls that wait, as a step: `useChat` waits for all of a step."""
        if inner := find_pending(tool) if tool.run is not None else []:
            yield from self._open_step(self._step + 1)
        for one in inner:
            yield CallOpened(one.call.id, one.call.name)
            yield CallClosed(one.call.id, one.call.name, one.call.arguments)
            yield CallResolved(one.call.id, one)
        yield self._tool(tool)

    def _run(self, run: Run[Any], whole: bool) -> Iterator[UIEvent]:
        if whole:
            for step in run.steps:
                if step.number:
                    yield from self._open_step(step.number)
                    yield from self._answer(step.response.chat_response)
                for tool in step.tools:
                    if tool.outcome != "pending":
                        yield self._tool(tool)
        for tool in run.steps[-1].tools if run.steps else ():
            if tool.outcome == "pending":
                yield from self._pending(tool)
        answered = None if run.response is None else run.response.finish_reason
        yield from self.finish(STOPPED.get(run.stopped, "other") or answered, run)

    def _response(self, response: AIModelCallResponse) -> Iterator[UIEvent]:
        answer: ChatResponse | None = response.chat_response
        if answer is not None:
            yield from self._answer(answer)
        images: ImageResponse | None = response.image_response
        yield from () if images is None else map(MediaShown, images.images)
        yield from self.finish(None if answer is None else answer.finish_reason, response)
