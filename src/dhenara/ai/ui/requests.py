"""What a browser sent, read into a conversation; and the ids and errors that it is shown."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, get_args

from ..errors import (
    BrokenStreamError,
    CallTimeoutError,
    ConfigurationError,
    ConnectionFailedError,
    ContentFilteredError,
    ContextLengthError,
    QuotaError,
    RateLimitError,
    RefusedError,
    RunLimitError,
)
from ..types.chat.message import Message
from ..types.chat.run import AgentEvent, Run, ToolRun
from ..types.chat.run_parts import Unrun
from ..types.content.media import AudioContent, FileContent, ImageContent, Media, VideoContent
from ..types.content.parsing import KINDS as MEDIA_KINDS
from ..types.content.parts import ContentItem, ToolCallContent, ToolResultContent
from ..types.tools import provider_tools
from ..types.tools.tool_definition import ToolDefinition
from ..wire import json

if TYPE_CHECKING:
    from ..types.config.call_options import ToolLike


class UIRequestError(ConfigurationError):
    """A request of a user interface is not valid. Its text names the field, and has no contents."""


MediaItem = ImageContent | AudioContent | VideoContent | FileContent

SERVER_TOOL = "server-tool-"
"""Start of the ids of calls that the provider runs. They are not sent back to models."""

WRITTEN = ("text", "reasoning", "refusal", "structured_output")
"""Kinds of parts that are shown as text."""

STOPPED = {"pending": "tool_calls", "tokens": "length", "interrupted": "error"}
STOPPED |= dict.fromkeys(("answered", *get_args(Unrun)), "")
"""Why a run ended, in the words of `FinishReason`; empty for the reason of its last answer."""

APPROVAL = "approval-"
"""Start of the ids of questions whether a tool may run; the id of the call follows."""

Decision = bool | str
"""Of a person about a tool call: True, False, or the reason why it is declined."""


@dataclass(frozen=True, slots=True)
class UIRequest:
    """A request of a user interface. All of it comes from a browser: do not trust it more than its user.

    Attributes:
        messages: The conversation, as the browser has it. System messages are left out by default.
        decisions: What the user decided about tool calls, by the id of the call.
        tools: Tools that the user interface runs; their calls stay pending (AG-UI).
        thread_id: Id of the conversation.
        run_id: Id of the run (AG-UI).
        message_id: Id of the message that the answer continues; None if it is a new message (AI SDK).
        state: State of the application (AG-UI).
        context: Information about the application, by description (AG-UI).
        extras: Other fields of the request.
    """

    messages: tuple[Message, ...]
    decisions: Mapping[str, Decision] = field(default_factory=dict)
    tools: tuple[ToolDefinition, ...] = ()
    thread_id: str | None = None
    run_id: str | None = None
    message_id: str | None = None
    state: Any = None
    context: Mapping[str, str] = field(default_factory=dict)
    extras: Mapping[str, Any] = field(default_factory=dict)

    def approve(self, call: ToolCallContent) -> Decision | None:
        """Return what the user decided about a call; None if it has not been asked about. Pass it as `approve=`.

        Args:
            call: The tool call.
        """
        return self.decisions.get(call.id)

    def continue_from(self, stored: Sequence[Message]) -> list[Message]:
        """Return a conversation that you stored, with what is new in this request.

        What is new are user messages, and results of tool calls that the stored conversation has no result for.
        Nothing else of the request is used, so a browser cannot change earlier answers. An edited last question, or one
        that is asked again, replaces the stored one and what followed.

        Args:
            stored: The messages of the conversation, such as `run.messages`.

        Returns:
            The messages of the next call.

        Raises:
            UIRequestError: The request has fewer user messages than the stored conversation, and no new one.
        """
        prompts = [message for message in self.messages if message.role == "user"]
        places = [index for index, message in enumerate(stored) if message.role == "user"]
        ends_with_question = bool(self.messages) and self.messages[-1].role == "user"
        if ends_with_question and len(prompts) <= len(places):
            return [*stored[: places[len(prompts) - 1]], prompts[-1]]
        if len(prompts) < len(places):
            raise UIRequestError(
                "the request has fewer messages than the stored conversation. Ask the user to reload the page"
            )
        answered = {part.call_id for one in stored for part in one.contents if isinstance(part, ToolResultContent)}
        open_calls = {
            part.id
            for one in stored
            for part in one.contents
            if isinstance(part, ToolCallContent) and part.id not in answered
        }
        results = [
            part
            for one in self.messages
            for part in one.contents
            if isinstance(part, ToolResultContent) and part.call_id in open_calls
        ]
        added = [Message(role="tool", contents=results)] if results else []
        return [*stored, *added, *prompts[len(places) :]]

    def continue_run(self, stored: Run[Any] | None) -> dict[str, Any]:
        """Return the arguments of `run` that continue a run that you stored: `client.run(**request.continue_run(run))`.

        A run whose calls are pending is resumed with what the user decided and what the page returned, so that an agent
        that is a tool goes on where it was. Any other is followed by a new one with what is new in this request.

        Args:
            stored: The last run of the conversation. None: the messages of the request start the first one.

        Returns:
            The arguments `resume` or `messages` of the run.

        Raises:
            UIRequestError: A decision does not fit its call, or the request has no new message.
        """
        if stored is None:
            return {"messages": list(self.messages)}
        pending = {call.id for call in stored.pending}
        results = (part for one in self.messages for part in one.contents if isinstance(part, ToolResultContent))
        given: dict[str, Any] = {part.call_id: part for part in results if part.call_id in pending}
        given |= {call_id: decision for call_id, decision in self.decisions.items() if call_id in pending}
        if not given or (self.messages and self.messages[-1].role == "user"):
            return {"messages": self.continue_from(stored.messages)}
        try:
            return {"resume": stored.decide(given)}
        except ConfigurationError:
            raise UIRequestError("a decision in the request does not fit its call") from None


@dataclass(slots=True)
class ShownCall:
    """A tool call of which a part arrived."""

    id: str
    name: str
    call_id: str | None
    grew: bool = False


def is_inner_call(call_id: str, known: Iterable[str]) -> bool:
    """Whether this is the id of a call of an agent, which begins with the id of the agent's own call."""
    return any(call_id.startswith(f"{one}/") for one in known)


def path_of(event: AgentEvent) -> tuple[str, object]:
    """Return the id that calls of an agent begin with, and its event."""
    path, inner = event.call.id, event.event
    while isinstance(inner, AgentEvent):
        path, inner = f"{path}/{inner.call.id}", inner.event
    return path, inner


def read_body(body: bytes | str | Mapping[str, Any]) -> dict[str, Any]:
    """Read the body of a request; raises UIRequestError if it is not a JSON object."""
    if isinstance(body, Mapping):
        return dict(body)
    try:
        value = json.loads(body)
    except ValueError:
        raise UIRequestError("the request of the user interface is not JSON") from None
    parsed: dict[str, Any] = require(value, dict, "the request")
    return parsed


def require(value: Any, kind: type[Any], what: str) -> Any:
    """Return a value of a request if it has this type."""
    if not isinstance(value, kind):
        raise UIRequestError(f"the request of the user interface is invalid: {what} is not a {KINDS[kind]}")
    return value


def require_messages(request: UIRequest) -> UIRequest:
    """Return a request if it has a message besides system messages: no model answers an empty conversation."""
    if all(message.role == "system" for message in request.messages):
        raise UIRequestError("the request of the user interface is invalid: messages has no message of the user")
    return request


KINDS: dict[type[Any], str] = {dict: "JSON object", list: "list", str: "string"}


def text_in(given: Mapping[str, Any], name: str, where: str) -> str:
    """Return a required text of a request."""
    text: str = require(given.get(name), str, f"{where}.{name}")
    return text


def optional_text(given: Mapping[str, Any], name: str) -> str | None:
    """Return a text of a request; None if it is missing."""
    value = given.get(name)
    return None if value is None else require(value, str, name)


def objects_in(given: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """Return a list of objects of a request; empty if it is missing."""
    value = given.get(name)
    return [] if value is None else [require(one, dict, name) for one in require(value, list, name)]


def read_tool(given: Mapping[str, Any]) -> ToolDefinition:
    """Read a tool that the user interface runs."""
    schema = given.get("parameters") or {"type": "object", "properties": {}}
    name, description = text_in(given, "name", "tools"), optional_text(given, "description")
    return ToolDefinition(name=name, description=description, parameters=require(schema, dict, "tools.parameters"))


def read_tools(given: Sequence[Mapping[str, Any]], own: Iterable[ToolLike] = ()) -> tuple[ToolDefinition, ...]:
    """Read the tools that the user interface runs: each name once, and none that a tool of the server has."""
    tools = {}
    taken = {tool.name for tool in provider_tools.read_tools(list(own)) if isinstance(tool, ToolDefinition)}
    for one in given:
        try:
            tool = read_tool(one)
        except UIRequestError:
            raise
        except ConfigurationError:
            raise UIRequestError(
                "the request of the user interface is invalid: tools.parameters is not a schema of an object"
            ) from None
        if tool.name in tools:
            raise UIRequestError("the request of the user interface is invalid: tools has a name twice")
        if tool.name in taken:
            raise UIRequestError(
                "the request of the user interface is invalid: tools has the name of a tool that the server runs"
            )
        tools[tool.name] = tool
    return tuple(tools.values())


def read_media(url: str, mime_type: str | None, name: str | None = None) -> ContentItem:
    """Read a file of a request: a data URL, or an http(s) URL, which is fetched by the usual rules."""
    if url.startswith("data:"):
        head, _, encoded = url.removeprefix("data:").partition(",")
        if not head.endswith(";base64"):
            raise UIRequestError("a file in the request is a data URL without base64")
        return read_base64(encoded, mime_type or head.split(";")[0], name)
    if not url.startswith(("https://", "http://")):
        raise UIRequestError("a file in the request has neither a data URL nor an http(s) URL")
    return media_class(mime_type)(url=url, mime_type=mime_type, name=name)


def read_base64(encoded: str, mime_type: str | None, name: str | None = None) -> ContentItem:
    """Read the bytes of a file in a request."""
    try:
        data = base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error):
        raise UIRequestError("a file in the request is not base64") from None
    return media_class(mime_type)(data=data, mime_type=mime_type or "application/octet-stream", name=name)


def media_class(mime_type: str | None) -> type[MediaItem]:
    """Return the class of a media type."""
    return MEDIA_KINDS.get((mime_type or "").split("/")[0], FileContent)


def media_url(media: Media) -> str | None:
    """Return the URL of media, or a data URL with the bytes; None for ids of files at a provider."""
    if media.data is None:
        return media.url
    media_type = media.mime_type or "application/octet-stream"
    return f"data:{media_type};base64,{base64.b64encode(media.data).decode()}"


PUBLIC_TEXTS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    (QuotaError, "The assistant is not available at the moment."),
    (RateLimitError, "There are too many requests at the moment. Try again soon."),
    (CallTimeoutError, "The answer took too long. Try again."),
    (ContextLengthError, "The conversation is too long for the model. Start a new one."),
    ((ContentFilteredError, RefusedError), "A content filter blocked the request or the answer."),
    ((BrokenStreamError, ConnectionFailedError), "The connection to the model failed. Try again."),
    (RunLimitError, "The assistant reached the limit of one answer."),
)
OTHERWISE = "The assistant could not answer. Try again."


def public_error_text(error: Exception | None) -> str:
    """Return a text about an error that may be shown to anybody: it has no names, addresses, keys or contents.

    Args:
        error: The error. None if there is only its message.

    Returns:
        The text.
    """
    return next((text for kind, text in PUBLIC_TEXTS if isinstance(error, kind)), OTHERWISE)


FAILURES = {
    "declined": "The call was declined.",
    "timed_out": "The tool took too long.",
    "invalid": "The arguments of the call are not valid.",
    "unknown": "There is no such tool.",
}


def tool_failure(tool: ToolRun, whole: bool) -> str:
    """Return why a tool has no result: all that the model gets to know, or what may be shown to anybody."""
    if whole and tool.result is not None:
        return tool.result.get_text()
    return FAILURES.get(tool.outcome, "The tool failed.")


def as_json(value: Any, name: str) -> Any:
    """Return what a function of the user returned as plain JSON.

    Raises:
        ConfigurationError: If it is not JSON.
    """
    try:
        return json.loads(json.dumps(value))
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"{name} returned something that is not JSON: {error}") from None
