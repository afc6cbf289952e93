"""The AI SDK's UI message stream (npm package `ai`, versions 5 and 6), and the requests of its `useChat`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar
from uuid import uuid4

from ..types.chat.message import Message
from ..types.chat.response import AIModelCallResponse
from ..types.chat.run import Run
from ..types.content.media import Media, TextContent
from ..types.content.parts import ContentItem, ToolCallContent, ToolResultContent
from .event_stream import SSE_HEADERS, UIEventStream, UIEventWriter
from .events import (
    CallClosed,
    CallGrew,
    CallOpened,
    CallResolved,
    PartClosed,
    PartGrew,
    PartOpened,
    StepClosed,
    StepOpened,
    StreamFinished,
)
from .requests import (
    APPROVAL,
    Decision,
    UIRequest,
    UIRequestError,
    as_json,
    is_inner_call,
    media_url,
    optional_text,
    public_error_text,
    read_body,
    read_media,
    require,
    require_messages,
    text_in,
    tool_failure,
)

Chunk = dict[str, Any]
Metadata = Callable[[Run[Any] | AIModelCallResponse | None], Mapping[str, Any]]

FINISH_REASONS = {
    "stop": "stop",
    "length": "length",
    "context_length": "length",
    "tool_calls": "tool-calls",
    "content_filter": "content-filter",
    "refusal": "content-filter",
    "error": "error",
}
DECLINED = "the user declined this call"


def to_ui_message_stream(
    source: Any,
    *,
    message_id: str | None = None,
    error_text: Callable[[Exception | None], str] = public_error_text,
    send_reasoning: bool = True,
    send_tool_errors: bool = False,
    metadata: Metadata | None = None,
) -> UIEventStream:
    """Convert a stream, run or answer to the AI SDK's UI message stream, which `useChat` reads.

    Args:
        source: What `generate`, `run` and `ask` and their streaming and async versions return: a stream, run or answer;
            an iterator of text; or a function or awaitable that returns one of these.
        message_id: Id of the message, `request.message_id` where an answer goes on after tools ran in the browser or
            the user approved them. Default None: a new id.
        error_text: Returns the text of an error for the browser. Default: `public_error_text`.
        send_reasoning: Whether reasoning is sent. Default True.
        send_tool_errors: Whether the messages of exceptions in tools are sent. Default False: only that a tool failed.
        metadata: Returns the metadata of the message at the end, such as token counts, from the run or response; if it
            failed or was stopped, from what there is of it. It gets None for an iterator of text.

    Returns:
        The stream of chunks.
    """
    writer = UIMessageWriter(message_id or f"msg-{uuid4().hex}", error_text, send_reasoning, send_tool_errors, metadata)
    return UIEventStream(source, writer)


class UIMessageWriter(UIEventWriter):
    """Writes events as chunks of a UI message stream."""

    headers: ClassVar[Mapping[str, str]] = {**SSE_HEADERS, "x-vercel-ai-ui-message-stream": "v1"}
    last_line: ClassVar[str] = "data: [DONE]\n\n"

    def __init__(
        self,
        message_id: str,
        error_text: Callable[[Exception | None], str],
        send_reasoning: bool,
        send_tool_errors: bool,
        metadata: Metadata | None,
    ) -> None:
        super().__init__(error_text, send_reasoning, send_tool_errors)
        self._message_id = message_id
        self._metadata = metadata
        self._invalid: set[str] = set()

    def start(self) -> Iterable[Chunk]:
        """Return the chunks before all events."""
        return [{"type": "start", "messageId": self._message_id}]

    def _step(self, event: StepOpened) -> Iterator[Chunk]:
        yield {"type": "finish-step" if isinstance(event, StepClosed) else "start-step"}

    def _source(self, source_id: str, fields: dict[str, str]) -> Chunk:
        kind: Chunk = (
            {"type": "source-url"} if "url" in fields else {"type": "source-document", "mediaType": "text/plain"}
        )
        return {**kind, "sourceId": source_id, **fields}

    def _file(self, fields: dict[str, str]) -> Chunk:
        return {"type": "file", **fields}

    def _failure(self, text: str) -> Iterator[Chunk]:
        yield {"type": "error", "errorText": text}

    def _finish(self, event: StreamFinished) -> Iterator[Chunk]:
        metadata = None if self._metadata is None else as_json(self._metadata(event.result), "metadata")
        for end in self._end(event.reason):
            yield end if metadata is None else {**end, "messageMetadata": metadata}

    def _end(self, reason: str | None) -> Iterator[Chunk]:
        yield {"type": "finish", "finishReason": FINISH_REASONS.get(reason or "", "other")}

    def _part(self, event: PartOpened | PartGrew) -> Iterator[Chunk]:
        if isinstance(event, PartGrew):
            yield {"type": f"{event.kind}-delta", "id": event.id, "delta": event.text}
        else:
            what = "end" if isinstance(event, PartClosed) else "start"
            yield {"type": f"{event.kind}-{what}", "id": event.id}

    def _call(self, event: CallOpened | CallGrew | CallClosed | CallResolved) -> Iterator[Chunk]:
        chunk: Chunk = {"toolCallId": event.id}
        match event:
            case CallGrew():
                yield {"type": "tool-input-delta", **chunk, "inputTextDelta": event.text}
            case CallResolved():
                yield from self._result(event, chunk)
            case CallOpened():
                by_provider = {"providerExecuted": True} if event.by_provider else {}
                yield {"type": "tool-input-start", **chunk, "toolName": event.name, **by_provider}
            case CallClosed() if event.invalid:
                self._invalid.add(event.id)
                failure = {"input": event.arguments, "errorText": "The arguments are not valid JSON."}
                yield {"type": "tool-input-error", **chunk, "toolName": event.name, **failure}
            case CallClosed():
                by_provider = {"providerExecuted": True} if event.by_provider else {}
                named = {**chunk, "toolName": event.name}
                yield {"type": "tool-input-available", **named, "input": event.arguments, **by_provider}
                if event.by_provider:
                    yield {"type": "tool-output-available", **chunk, "output": {"status": "completed"}, **by_provider}

    def _result(self, event: CallResolved, chunk: Chunk) -> Iterator[Chunk]:
        tool = event.tool
        if tool.outcome == "pending":
            if tool.needs_approval and tool.run is None:
                yield {"type": "tool-approval-request", "approvalId": f"{APPROVAL}{event.id}", **chunk}
        elif tool.outcome == "declined" and event.is_earlier:
            yield {"type": "tool-output-denied", **chunk}
        elif tool.result is not None and not tool.result.is_error:
            yield {"type": "tool-output-available", **chunk, "output": output_of(tool.result)}
        elif event.id not in self._invalid:
            yield {"type": "tool-output-error", **chunk, "errorText": tool_failure(tool, self._send_tool_errors)}


def output_of(result: ToolResultContent) -> Any:
    """Return the result of a tool as JSON; media as parts with data URLs."""
    if result.output is not None or not result.contents:
        return result.output
    parts: list[Chunk] = []
    for part in result.contents:
        if isinstance(part, Media) and (url := media_url(part)) is not None:
            parts.append({"type": "file", "mediaType": part.mime_type, "url": url})
        else:
            parts.append({"type": "text", "text": part.get_text()})
    return parts


def read_ui_messages(
    body: bytes | str | Mapping[str, Any] | Sequence[Mapping[str, Any]], *, allow_system: bool = False
) -> UIRequest:
    """Read the request of `useChat` (`DefaultChatTransport`), or a list of its UI messages.

    Sources, data parts, reasoning and tools that the provider ran are left out: they cannot be sent back to a model.

    Args:
        body: The body of the HTTP request, as bytes, text or parsed JSON.
        allow_system: Whether system messages are taken from the browser. Default False: they are left out.

    Returns:
        The request.

    Raises:
        UIRequestError: The body is not such a request.
    """
    if isinstance(body, Sequence) and not isinstance(body, str | bytes):
        body = {"messages": list(body)}
    given = read_body(body)
    messages: list[Message] = []
    decisions: dict[str, Decision] = {}
    last: Mapping[str, Any] = {}
    for number, last in enumerate(require(given.get("messages"), list, "messages")):
        where = f"messages[{number}]"
        role = text_in(require(last, dict, where), "role", where)
        parts = [require(part, dict, f"{where}.parts") for part in require(last.get("parts"), list, f"{where}.parts")]
        if role == "assistant":
            messages += read_answer(parts, where, decisions)
        elif role == "user" or (role == "system" and allow_system):
            contents = [content for part in parts if (content := read_part(part, where)) is not None]
            messages.append(Message(role=role, contents=contents))
        elif role != "system":
            raise UIRequestError(f"the request of the user interface is invalid: {where}.role is unknown")
    request = UIRequest(
        messages=tuple(messages),
        decisions=decisions,
        thread_id=optional_text(given, "id"),
        message_id=optional_text(last, "id") if last.get("role") == "assistant" else None,
        extras={name: value for name, value in given.items() if name not in ("messages", "id")},
    )
    return require_messages(request)


def read_part(part: Mapping[str, Any], where: str) -> ContentItem | None:
    """Read text or a file; None for parts that models do not get."""
    kind = text_in(part, "type", where)
    if kind == "text":
        return TextContent(text=text_in(part, "text", where))
    if kind == "file":
        return read_media(
            text_in(part, "url", where), optional_text(part, "mediaType"), optional_text(part, "filename")
        )
    return None


def read_answer(parts: Sequence[Mapping[str, Any]], where: str, decisions: dict[str, Decision]) -> Iterable[Message]:
    """Read an assistant message: one answer per step, each followed by the results of its tools."""
    steps: list[list[Mapping[str, Any]]] = [[]]
    for part in parts:
        if part.get("type") == "step-start":
            steps.append([])
        else:
            steps[-1].append(part)
    known: set[str] = set()
    for step in steps:
        contents: list[ContentItem] = []
        results: list[ContentItem] = []
        for part in step:
            kind = text_in(part, "type", where)
            if not (kind.startswith("tool-") or kind == "dynamic-tool"):
                contents += [one for one in [read_part(part, where)] if one is not None]
            elif part.get("state") != "input-streaming" and part.get("providerExecuted") is not True:
                call = read_call(part, where)
                result = list(read_result(part, call, decisions))
                if not is_inner_call(call.id, known):
                    known.add(call.id)
                    contents.append(call)
                    results += result
        if contents:
            yield Message(role="assistant", contents=contents)
        if results:
            yield Message(role="tool", contents=results)


def read_call(part: Mapping[str, Any], where: str) -> ToolCallContent:
    """Read a tool call."""
    kind = text_in(part, "type", where)
    name = text_in(part, "toolName", where) if kind == "dynamic-tool" else kind.removeprefix("tool-")
    arguments = part.get("input", part.get("rawInput"))
    known = arguments if isinstance(arguments, dict) else {}
    return ToolCallContent(id=text_in(part, "toolCallId", where), name=name, arguments=known)


def read_result(
    part: Mapping[str, Any], call: ToolCallContent, decisions: dict[str, Decision]
) -> Iterable[ToolResultContent]:
    """Read the result of a tool call, or what the user decided about it."""
    state, approval = part.get("state"), part.get("approval")
    reason = approval.get("reason") if isinstance(approval, Mapping) else None
    if state == "approval-responded" and isinstance(approval, Mapping):
        declined = reason if isinstance(reason, str) and reason else False
        decisions[call.id] = True if approval.get("approved") is True else declined
    elif state == "output-available" and part.get("preliminary") is not True:
        yield to_result(call, part.get("output"))
    elif state == "output-error":
        failure = part.get("errorText")
        yield ToolResultContent(call_id=call.id, name=call.name, output=failure, is_error=True)
    elif state == "output-denied":
        text = f"{DECLINED}: {reason}" if isinstance(reason, str) and reason else DECLINED
        yield ToolResultContent(call_id=call.id, name=call.name, output=text, is_error=True)


def to_result(call: ToolCallContent, output: Any) -> ToolResultContent:
    """Return the output of a tool as a result; parts that `output_of` wrote become parts again."""
    if isinstance(output, list) and output and all(is_part(one) for one in output):
        contents = [read_part(one, "output") for one in output]
        return ToolResultContent.model_validate({"call_id": call.id, "name": call.name, "contents": contents})
    return ToolResultContent(call_id=call.id, name=call.name, output="null" if output is None else output)


def is_part(value: object) -> bool:
    """Whether this is text or a file as `output_of` writes them."""
    if not isinstance(value, Mapping):
        return False
    names = {"text": {"type", "text"}, "file": {"type", "mediaType", "url"}}.get(str(value.get("type")))
    return names is not None and set(value) == names and all(isinstance(one, str) for one in value.values())
