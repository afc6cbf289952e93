"""AG-UI events (protocol 1.0, npm packages `@ag-ui/core` and `@ag-ui/client`), and the input of its runs."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from ..types.chat.message import Message
from ..types.chat.run import ToolRun
from ..types.content.media import AudioContent, ImageContent, Media, TextContent, VideoContent
from ..types.content.parts import ContentItem, ToolCallContent, ToolResultContent
from . import requests
from .event_stream import UIEventStream, UIEventWriter
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
    UIEvent,
)
from .requests import (
    APPROVAL,
    SERVER_TOOL,
    Decision,
    UIRequest,
    UIRequestError,
    as_json,
    objects_in,
    optional_text,
    public_error_text,
    read_body,
    require,
    text_in,
    tool_failure,
)

if TYPE_CHECKING:
    from ..types.config.call_options import ToolLike

AGUIEvent = dict[str, Any]
APPROVAL_SCHEMA = {
    "type": "object",
    "properties": {"approved": {"type": "boolean"}, "reason": {"type": "string"}},
    "required": ["approved"],
}


def to_ag_ui_events(
    source: Any,
    request: UIRequest | None = None,
    *,
    state: Callable[[], Any] | None = None,
    error_text: Callable[[Exception | None], str] = public_error_text,
    send_reasoning: bool = True,
    send_tool_errors: bool = False,
) -> UIEventStream:
    """Convert a stream, run or answer to AG-UI events, which the agents of `@ag-ui/client` read.

    Args:
        source: What `generate`, `run` and `ask` and their streaming and async versions return: a stream, run or answer;
            an iterator of text; or a function or awaitable that returns one of these.
        request: The request, whose thread id and run id the events have. Default None: new ids.
        state: Returns the state of the application as JSON. It is sent at the start, and after tools that changed it.
        error_text: Returns the text of an error for the browser. Default: `public_error_text`.
        send_reasoning: Whether reasoning is sent. Default True.
        send_tool_errors: Whether the messages of exceptions in tools are sent. Default False: only that a tool failed.

    Returns:
        The stream of events.
    """
    thread_id = (request and request.thread_id) or f"thread-{uuid4().hex}"
    run_id = (request and request.run_id) or f"run-{uuid4().hex}"
    return UIEventStream(source, AGUIWriter(thread_id, run_id, state, error_text, send_reasoning, send_tool_errors))


class AGUIWriter(UIEventWriter):
    """Writes events as AG-UI events."""

    def __init__(
        self,
        thread_id: str,
        run_id: str,
        state: Callable[[], Any] | None,
        error_text: Callable[[Exception | None], str],
        send_reasoning: bool,
        send_tool_errors: bool,
    ) -> None:
        super().__init__(error_text, send_reasoning, send_tool_errors)
        self._ids = {"threadId": thread_id, "runId": run_id}
        self._state = state
        self._sent_state: list[Any] = []
        self._messages = f"msg-{uuid4().hex[:16]}"
        self._parent = self._messages
        self._open_calls: list[str] = []
        self._pending: list[CallResolved] = []

    def start(self) -> Iterator[AGUIEvent]:
        """Yield the events before all others."""
        yield {"type": "RUN_STARTED", **self._ids}
        yield from self._changed_state()

    def write(self, event: UIEvent) -> Iterator[AGUIEvent]:
        """Yield the AG-UI events of an event. RUN_ERROR is the last one: AG-UI allows nothing after it."""
        if not self._failed:
            yield from super().write(event)

    def _step(self, event: StepOpened) -> Iterator[AGUIEvent]:
        name = f"step-{event.number}"
        if isinstance(event, StepClosed):
            yield from ({"type": "TOOL_CALL_END", "toolCallId": one} for one in self._open_calls)
            self._open_calls.clear()
            yield {"type": "STEP_FINISHED", "stepName": name}
        else:
            self._parent = f"{self._messages}-{event.number}"
            yield {"type": "STEP_STARTED", "stepName": name}

    def _source(self, source_id: str, fields: dict[str, str]) -> AGUIEvent:
        return {"type": "CUSTOM", "name": "source", "value": fields}

    def _file(self, fields: dict[str, str]) -> AGUIEvent:
        return {"type": "CUSTOM", "name": "file", "value": fields}

    def _failure(self, text: str) -> Iterator[AGUIEvent]:
        yield {"type": "RUN_ERROR", "message": text}

    def _end(self, reason: str | None) -> Iterator[AGUIEvent]:
        yield from ()  # nothing may follow RUN_ERROR

    def _finish(self, event: StreamFinished) -> Iterator[AGUIEvent]:
        yield from self._changed_state()
        interrupts = [to_interrupt(one.id, one.tool) for one in self._pending if one.tool.needs_approval]
        waiting = [one.id for one in self._pending if not one.tool.needs_approval]
        outcome: dict[str, Any] = {"type": "success", **({"pendingToolCallIds": waiting} if waiting else {})}
        if interrupts:
            outcome = {"type": "interrupt", "interrupts": interrupts}
        yield {"type": "RUN_FINISHED", **self._ids, "outcome": outcome}

    def _part(self, event: PartOpened | PartGrew) -> Iterator[AGUIEvent]:
        message_id = f"{self._messages}-{event.id}"
        if event.kind == "reasoning":
            yield from self._reasoning(event, message_id)
        elif isinstance(event, PartGrew):
            yield {"type": "TEXT_MESSAGE_CONTENT", "messageId": message_id, "delta": event.text}
        elif isinstance(event, PartClosed):
            yield {"type": "TEXT_MESSAGE_END", "messageId": message_id}
        else:
            self._parent = message_id
            yield {"type": "TEXT_MESSAGE_START", "messageId": message_id, "role": "assistant"}

    def _reasoning(self, event: PartOpened | PartGrew, message_id: str) -> Iterator[AGUIEvent]:
        about = {"messageId": message_id}
        if isinstance(event, PartGrew):
            yield {"type": "REASONING_MESSAGE_CONTENT", **about, "delta": event.text}
        elif isinstance(event, PartClosed):
            yield {"type": "REASONING_MESSAGE_END", **about}
            yield {"type": "REASONING_END", **about}
        else:
            yield {"type": "REASONING_START", **about}
            yield {"type": "REASONING_MESSAGE_START", **about, "role": "reasoning"}

    def _call(self, event: CallOpened | CallGrew | CallClosed | CallResolved) -> Iterator[AGUIEvent]:
        about: AGUIEvent = {"toolCallId": event.id}
        match event:
            case CallOpened():
                self._open_calls.append(event.id)
                yield {"type": "TOOL_CALL_START", **about, "toolCallName": event.name, "parentMessageId": self._parent}
            case CallGrew():
                yield {"type": "TOOL_CALL_ARGS", **about, "delta": event.text}
            case CallClosed():
                if not event.grew:
                    text = event.arguments if isinstance(event.arguments, str) else json.dumps(event.arguments)
                    yield {"type": "TOOL_CALL_ARGS", **about, "delta": text}
                self._open_calls.remove(event.id)
                yield {"type": "TOOL_CALL_END", **about}
                if event.by_provider:
                    yield self._result(event.id, '{"status":"completed"}')
            case CallResolved() if event.tool.outcome == "pending":
                self._pending += [event] if event.tool.run is None else []
            case CallResolved():
                yield self._result(event.id, content_of_result(event.tool, self._send_tool_errors))
                yield from self._changed_state()

    def _result(self, call_id: str, content: Any) -> AGUIEvent:
        about = {"messageId": f"{self._messages}-result-{call_id}", "toolCallId": call_id}
        return {"type": "TOOL_CALL_RESULT", **about, "content": content, "role": "tool"}

    def _changed_state(self) -> list[AGUIEvent]:
        if self._state is None:
            return []
        state = as_json(self._state(), "state")
        if self._sent_state == [state]:
            return []
        self._sent_state = [state]
        return [{"type": "STATE_SNAPSHOT", "snapshot": state}]


def to_interrupt(call_id: str, tool: ToolRun) -> dict[str, Any]:
    """Return the question whether a tool may run; `RunAgentInput.resume` has the answer."""
    about = {"reason": "tool_call", "message": f"May {tool.call.name} run?", "toolCallId": call_id}
    return {"id": f"{APPROVAL}{call_id}", **about, "responseSchema": APPROVAL_SCHEMA}


def content_of_result(tool: ToolRun, whole: bool) -> str | list[dict[str, Any]]:
    """Return the result of a tool as text, or as parts if it has media."""
    result = tool.result
    if result is None or result.is_error:
        return tool_failure(tool, whole)
    if not any(isinstance(part, Media) and part.data is not None for part in result.contents):
        return result.get_text()
    parts: list[dict[str, Any]] = []
    for part in result.contents:
        if isinstance(part, Media) and part.data is not None:
            media_type = part.mime_type or "application/octet-stream"
            encoded = base64.b64encode(part.data).decode()
            kind = {ImageContent: "image", AudioContent: "audio", VideoContent: "video"}.get(type(part), "document")
            parts.append({"type": kind, "source": {"type": "data", "value": encoded, "mimeType": media_type}})
        else:
            parts.append({"type": "text", "text": part.get_text()})
    return parts


def read_run_input(
    body: bytes | str | Mapping[str, Any], *, allow_system: bool = False, tools: Iterable[ToolLike] = ()
) -> UIRequest:
    """Read the `RunAgentInput` of an AG-UI client. Its tools run in the browser; their calls stay pending.

    Args:
        body: The body of the HTTP request, as bytes, text or parsed JSON.
        allow_system: Whether system and developer messages are taken from the browser. Default False: left out.
        tools: Tools of your server. A tool of the browser may not have the name of one. Default: none.

    Returns:
        The request.

    Raises:
        UIRequestError: The body is not such an input.
    """
    given = read_body(body)
    messages: list[Message] = []
    names: dict[str, str] = {}
    for number, message in enumerate(require(given.get("messages"), list, "messages")):
        where = f"messages[{number}]"
        read_message(require(message, dict, where), where, messages, names, allow_system)
    context = objects_in(given, "context")
    extras = ("forwardedProps", "parentRunId", "protocolVersion")
    request = UIRequest(
        messages=tuple(messages),
        decisions=dict(read_decision(one) for one in objects_in(given, "resume")),
        tools=requests.read_tools(objects_in(given, "tools"), tools),
        thread_id=text_in(given, "threadId", "input"),
        run_id=text_in(given, "runId", "input"),
        state=given.get("state"),
        context={text_in(one, "description", "context"): text_in(one, "value", "context") for one in context},
        extras={name: given[name] for name in extras if name in given},
    )
    return requests.require_messages(request)


def read_message(
    given: Mapping[str, Any], where: str, messages: list[Message], names: dict[str, str], allow_system: bool
) -> None:
    """Read one message into the list; calls and results of one answer become one message each."""
    role = text_in(given, "role", where)
    contents: list[ContentItem] = []
    if role == "assistant":
        contents = read_content(given.get("content") or "", where)
        for call in objects_in(given, "toolCalls"):
            contents += read_call(call, where, names)
    elif role == "tool":
        call_id = text_in(given, "toolCallId", where)
        if not call_id.startswith(SERVER_TOOL) and not requests.is_inner_call(call_id, names):
            parts = read_content(given.get("content") or "", where)
            failed = given.get("error") is not None
            result = (
                {"output": parts[0].get_text()} if len(parts) == 1 and parts[0].type == "text" else {"contents": parts}
            )
            about = {"call_id": call_id, "name": names.get(call_id), "is_error": failed}
            contents = [ToolResultContent.model_validate({**about, **result})]
    elif role == "user" or (role in ("system", "developer") and allow_system):
        messages.append(Message(role=role, contents=read_content(given.get("content") or "", where)))
    elif role not in ("system", "developer", "reasoning", "activity"):
        raise UIRequestError(f"the request of the user interface is invalid: {where}.role is unknown")
    if contents and messages and messages[-1].role == role:
        contents = [*messages.pop().contents, *contents]
    if contents:
        messages.append(Message(role=role, contents=contents))


def read_content(given: Any, where: str) -> list[ContentItem]:
    """Read text, or a list of parts."""
    if isinstance(given, str):
        return [TextContent(text=given)] if given else []
    parts = (require(part, dict, f"{where}.content") for part in require(given, list, f"{where}.content"))
    return [read_part(part, where) for part in parts]


def read_part(part: Mapping[str, Any], where: str) -> ContentItem:
    """Read text, or media with its source; ids of files at a provider are not taken from browsers."""
    if part.get("type") == "text":
        return TextContent(text=text_in(part, "text", where))
    source = part if part.get("type") == "binary" else require(part.get("source"), dict, f"{where}.source")
    mime_type, name = optional_text(source, "mimeType"), optional_text(source, "filename")
    data, url = source.get("data"), source.get("url")
    if source.get("type") in ("data", "url"):
        data, url = (source.get("value"), None) if source["type"] == "data" else (None, source.get("value"))
    if isinstance(data, str):
        return requests.read_base64(data, mime_type, name)
    if not isinstance(url, str):
        raise UIRequestError("a file in the request has no data and no URL; ids of files are not accepted")
    return requests.read_media(url, mime_type, name)


def read_call(call: Mapping[str, Any], where: str, names: dict[str, str]) -> Iterator[ToolCallContent]:
    """Read a tool call; those that the provider ran are left out."""
    call_id = text_in(call, "id", where)
    function = require(call.get("function"), dict, f"{where}.function")
    if requests.is_inner_call(call_id, names):
        return
    names[call_id] = text_in(function, "name", where)
    if call_id.startswith(SERVER_TOOL):
        return
    try:
        arguments = json.loads(text_in(function, "arguments", where) or "{}")
    except ValueError:
        arguments = {}
    known = arguments if isinstance(arguments, dict) else {}
    yield ToolCallContent(id=call_id, name=names[call_id], arguments=known)


def read_decision(given: Mapping[str, Any]) -> tuple[str, Decision]:
    """Read what the user decided about a call."""
    call_id = text_in(given, "interruptId", "resume").removeprefix(APPROVAL)
    payload = given.get("payload")
    answer: Mapping[str, Any] = payload if isinstance(payload, Mapping) else {"approved": payload}
    if given.get("status") == "resolved" and answer.get("approved") is True:
        return call_id, True
    reason = answer.get("reason")
    return call_id, reason if isinstance(reason, str) and reason else False
