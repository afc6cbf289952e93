"""Events of a stream, and their Server-Sent Events format."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, Generic, Literal, Protocol, Self, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from ...wire import json
from ...wire.sse import Frame, SseFrames, write_event
from ..model_base import InvalidValueError, require_type
from .chunk import ChatResponseChoiceDelta, ChatResponseChunk, StreamData, TextContentDelta, adapter_of
from .delta import Delta, TextDelta
from .response import AIModelCallResponse

T = TypeVar("T")


class SSEEventType(StrEnum):
    """Names of the events that this library writes."""

    TOKEN_STREAM = "token_stream"
    """A chunk of an answer."""

    PUSH = "push"
    """Data of the application; the default of `SSEResponse`."""

    ERROR = "error"
    """The stream broke."""


class SSEErrorCode(StrEnum):
    """Codes of error events."""

    SERVER_ERROR = "server_error"
    """Your server failed; for events that an application writes."""

    EXTERNAL_API_ERROR = "external_api_error"
    """The provider failed, or the connection to it broke."""

    CLIENT_DECODE_ERROR = "client_decode_error"
    """An event could not be read; for clients that read events."""

    # The names of version 1, which are aliases.
    server_error = "server_error"
    """The same as `SERVER_ERROR`."""

    external_api_error = "external_api_error"
    """The same as `EXTERNAL_API_ERROR`."""

    client_decode_error = "client_decode_error"
    """The same as `CLIENT_DECODE_ERROR`."""


@dataclass(frozen=True, kw_only=True)
class SSEErrorData(StreamData):
    """Data of an error event. `message` is for people, `error_code` for programs.

    Attributes:
        error_code: Code of the error, for programs; see `SSEErrorCode`.
        message: Message for people.
        details: Further data of the error.
    """

    error_code: str
    message: str
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def choice_deltas(self) -> list[ChatResponseChoiceDelta]:
        """Choices without text, so that a loop over chunks that only prints reaches the final tuple with the error."""
        return [ChatResponseChoiceDelta(content_deltas=[TextContentDelta()])]


@dataclass(frozen=True, kw_only=True)
class SSEResponse(StreamData, Generic[T]):
    """One event with its data.

    Attributes:
        event: Name of the event. Default `"push"`.
        data: Data of the event.
        id: Id of the event. Default None.
        retry: Delay in milliseconds before a client reconnects. Default None.
    """

    event: Annotated[SSEEventType | str, Field(union_mode="left_to_right")] = SSEEventType.PUSH
    data: T
    id: str | None = None
    retry: Annotated[int | None, Field(ge=0)] = None

    def __post_init__(self) -> None:
        if self.retry is not None:
            require_type("SSEResponse", "retry", self.retry, int, "milliseconds")
        if self.retry is not None and self.retry < 0:
            raise InvalidValueError.because("SSEResponse", f"retry must be at least 0, not {self.retry}", "retry")

    def is_error(self) -> bool:
        """Whether this is an error event."""
        return self.event == SSEEventType.ERROR

    def to_sse_format(self) -> str:
        """Return the event in SSE format, with its blank line at the end."""
        payload = self.data if isinstance(self.data, str) else json.dumps(self.data)
        return write_event(payload, event=str(self.event), id=self.id, retry=self.retry).decode()

    @classmethod
    def parse_sse(cls, text: str | bytes, data_type: Any = None) -> "SSEResponse[Any] | SSEErrorResponse":
        """Parse the first event in a text.

        Args:
            text: The SSE text.
            data_type: Type of the data. Default None: known from the event name.

        Returns:
            The event; an `SSEErrorResponse` if it cannot be parsed.
        """
        frames = SseFrames()
        parsed = [*frames.feed(text.encode() if isinstance(text, str) else text), *frames.finish()]
        if not parsed:
            return SSEErrorResponse.decoding("the text contains no event")
        return read_frame(parsed[0], data_type)


Shown = TextDelta | Sequence[Delta]
"""What the chunk of an event shows: one text, as nearly all do, or the deltas of the event."""


class ChunkReader(Protocol):
    """Reads what arrived with one event."""

    def text(self, shown: Shown) -> str:
        """Return the new text of the first choice."""
        ...

    def text_event(self, shown: Shown) -> str | None:
        """Return an event of one text in SSE format; None for any other event."""
        ...

    def chunk(self, shown: Shown) -> ChatResponseChunk:
        """Return it in the form that users read."""
        ...


class MadeWhenRead:
    """The content of a chunk, made when it is first read and kept; `functools.cached_property` takes a lock for it."""

    def __get__(self, event: "ArrivedEvent | None", owner: type | None = None) -> Any:
        if event is None:
            return self
        if event._arrived is None:
            raise AttributeError("data")
        source, shown = event._arrived
        data = event.__dict__["data"] = source.chunk(shown)
        return data


class ArrivedEvent:
    """An event of which only the deltas are there at first; `data` is made of them when it is read.

    The builder of chunks makes it without its constructor, with `_arrived` alone.
    """

    _arrived: tuple[ChunkReader, Shown] | None = None
    data: Any = MadeWhenRead()


@dataclass(frozen=True, kw_only=True)
class StreamingChatResponse(ArrivedEvent, SSEResponse[ChatResponseChunk]):
    """A chunk of a streamed response.

    Attributes:
        event: Always `"token_stream"`.
        data: The content; made when it is first read, so that `text_delta` and `to_sse_format()` do without.
    """

    event: SSEEventType = SSEEventType.TOKEN_STREAM
    data: ChatResponseChunk = field()  # pyright: ignore[reportIncompatibleVariableOverride]  # made when it is read

    @property
    def text_delta(self) -> str:
        """The new text of the first choice."""
        if self._arrived is not None:
            source, shown = self._arrived
            return source.text(shown)
        first = [choice for choice in self.data.choice_deltas if choice.index == 0]
        return "".join([delta.text_delta for choice in first for delta in choice.content_deltas])

    def to_sse_format(self) -> str:
        """Return the event in SSE format, with its blank line at the end."""
        if self._arrived is not None:
            source, shown = self._arrived
            written = source.text_event(shown)
            if written is not None:
                return written
        return super().to_sse_format()


@dataclass(frozen=True, kw_only=True)
class SSEErrorResponse(SSEResponse[SSEErrorData]):
    """An error in a stream. The final tuple that follows contains what was received before.

    Attributes:
        event: Always `"error"`.
        data: Code, message and details of the error.
    """

    event: Literal[SSEEventType.ERROR] = SSEEventType.ERROR
    data: SSEErrorData

    @property
    def text_delta(self) -> str:
        """Always empty."""
        return ""

    @classmethod
    def decoding(cls, message: str) -> Self:
        """Create the error of an event that cannot be parsed.

        Args:
            message: What is wrong with the event.
        """
        return cls(data=SSEErrorData(error_code=SSEErrorCode.CLIENT_DECODE_ERROR, message=message))


PAYLOAD_TYPES: dict[str, Any] = {
    SSEEventType.TOKEN_STREAM: StreamingChatResponse,
    SSEEventType.ERROR: SSEErrorResponse,
}

StreamEvent = tuple[StreamingChatResponse | SSEErrorResponse | None, AIModelCallResponse | None]
"""Item of a stream: a chunk and None, or at the end None and the whole response."""


def read_frame(frame: Frame, data_type: Any = None) -> SSEResponse[Any] | SSEErrorResponse:
    """Read one of our events; the type of the data follows from the event name, or is given."""
    event = frame.event or "message"
    text = frame.data.decode("utf-8", "replace")
    options = {"event": event, "id": frame.id, "retry": frame.retry}
    if data_type is str or (data_type is None and event not in PAYLOAD_TYPES and not looks_like_json(text)):
        pushed: SSEResponse[Any] = adapter_of(SSEResponse[str]).validate_python({**options, "data": text})
        return pushed
    try:
        payload = json.loads(text)
        if data_type is None and event in PAYLOAD_TYPES:
            response: SSEResponse[Any] = PAYLOAD_TYPES[event].model_validate_json(
                json.dumps({**options, "data": payload})
            )
            return response
        value = TypeAdapter(data_type or Any).validate_json(json.dumps(payload))
        event_read: SSEResponse[Any] = adapter_of(SSEResponse[Any]).validate_python({**options, "data": value})
        return event_read
    except (ValueError, ValidationError) as error:
        return SSEErrorResponse.decoding(f"cannot read the data of the event {event!r}: {error}")


def looks_like_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
