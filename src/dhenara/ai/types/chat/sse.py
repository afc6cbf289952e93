"""Server-sent events for applications: write a stream as SSE, for example to a browser, and parse it again."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Generic, Literal, Self, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from ...wire import json
from ...wire.frame import Frame
from ...wire.sse import SseFrames, write_event
from ..model_base import FrozenModel
from .call_response import AIModelCallResponse
from .chunk import ChatResponseChoiceDelta, ChatResponseChunk, TextContentDelta

T = TypeVar("T")


class SSEEventType(StrEnum):
    """Names of the events that this library writes."""

    TOKEN_STREAM = "token_stream"
    PUSH = "push"
    ERROR = "error"


class SSEErrorCode(StrEnum):
    """Codes of error events."""

    SERVER_ERROR = "server_error"
    EXTERNAL_API_ERROR = "external_api_error"
    CLIENT_DECODE_ERROR = "client_decode_error"


class SSEErrorData(FrozenModel):
    """Data of an error event. `message` is for people, `error_code` for programs.

    Attributes:
        error_code: Code of the error, for programs; see `SSEErrorCode`.
        message: Message for people.
        details: Further data of the error.
    """

    error_code: str
    message: str
    details: dict[str, Any] = Field(default_factory=dict)

    @property
    def choice_deltas(self) -> list[ChatResponseChoiceDelta]:
        """Choices without text, so that a loop over chunks that only prints reaches the final tuple with the error."""
        return [ChatResponseChoiceDelta(content_deltas=[TextContentDelta()])]


class SSEResponse(FrozenModel, Generic[T]):
    """One event with its data.

    Attributes:
        event: Name of the event. Default `"push"`.
        data: Data of the event.
        id: Id of the event. Default None.
        retry: Delay in milliseconds before a client reconnects. Default None.
    """

    event: SSEEventType | str = Field(default=SSEEventType.PUSH, union_mode="left_to_right")
    data: T
    id: str | None = None
    retry: int | None = Field(default=None, ge=0)

    def is_error(self) -> bool:
        """Whether this is an error event."""
        return self.event == SSEEventType.ERROR

    def to_sse_format(self) -> str:
        """Return the event in SSE format, with its blank line at the end."""
        payload = self.data if isinstance(self.data, str) else json.dumps(self.data)
        return write_event(payload, event=str(self.event), id=self.id, retry=self.retry).decode()

    @classmethod
    def parse_sse(cls, text: str | bytes, data_type: Any = None) -> SSEResponse[Any] | SSEErrorResponse:
        """Parse the first event in a text.

        Args:
            text: The SSE text.
            data_type: Type of the data. Default None: known from the event name.

        Returns:
            The event; an `SSEErrorResponse` if it cannot be parsed.
        """
        frames = SseFrames()
        match = [*frames.feed(text.encode() if isinstance(text, str) else text), *frames.finish()]
        if not match:
            return SSEErrorResponse.decoding("the text contains no event")
        return read_frame(match[0], data_type)


class StreamingChatResponse(SSEResponse[ChatResponseChunk]):
    """A chunk of a streamed response.

    Attributes:
        event: Always `"token_stream"`.
    """

    event: SSEEventType = SSEEventType.TOKEN_STREAM  # pyright: ignore[reportIncompatibleVariableOverride]  # frozen

    @property
    def text_delta(self) -> str:
        """The new text of the first choice."""
        first = (choice for choice in self.data.choice_deltas if choice.index == 0)
        return "".join(delta.text_delta for choice in first for delta in choice.content_deltas)


class SSEErrorResponse(SSEResponse[SSEErrorData]):
    """An error in a stream. The final tuple that follows contains what was received before.

    Attributes:
        event: Always `"error"`.
    """

    event: Literal[SSEEventType.ERROR] = SSEEventType.ERROR  # pyright: ignore[reportIncompatibleVariableOverride]  # frozen

    @property
    def text_delta(self) -> str:
        """Always empty."""
        return ""

    @classmethod
    def decoding(cls, message: str) -> Self:
        """Create the error of an event that cannot be parsed."""
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
        return SSEResponse[str].model_validate({**options, "data": text})
    try:
        payload = json.loads(text)
        if data_type is None and event in PAYLOAD_TYPES:
            match: SSEResponse[Any] = PAYLOAD_TYPES[event].model_validate_json(json.dumps({**options, "data": payload}))
            return match
        value = TypeAdapter(data_type or Any).validate_json(json.dumps(payload))
        return SSEResponse[Any].model_validate({**options, "data": value})
    except (ValueError, ValidationError) as error:
        return SSEErrorResponse.decoding(f"cannot read the data of the event {event!r}: {error}")


def looks_like_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
