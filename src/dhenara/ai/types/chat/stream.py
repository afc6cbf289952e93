"""Chunks and events of a stream, and their Server-Sent Events format."""

from enum import StrEnum
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from ...wire import json
from ...wire.sse import Frame, SseFrames, write_event
from ..content.parts import Citation, ContentItem
from ..lazy_model import LazyModel, LightModel
from ..model_base import FrozenModel
from .delta import FinishReason
from .response import AIModelCallResponse
from .usage import Usage


class ContentDeltaBase(LightModel):
    """Base class of content deltas. `text_delta` is always a str: answer text, or `""`."""

    index: int = 0
    """Index of the part in the response."""

    @property
    def text_delta(self) -> str:
        """New answer text; empty, because this content is no answer text."""
        return ""

    def get_text_delta(self) -> str:
        """Return the same as `text_delta`."""
        return self.text_delta


class TextContentDelta(LightModel):
    """New answer text.

    Attributes:
        index: Index of the part in the response.
        text_delta: The new text.
    """

    type: Literal["text"] = "text"
    index: int = 0
    text_delta: str = ""

    def get_text_delta(self) -> str:
        """Return the same as `text_delta`."""
        return self.text_delta


class ReasoningContentDelta(ContentDeltaBase):
    """New reasoning text; it is not part of the answer text.

    Attributes:
        reasoning_delta: The new text.
    """

    type: Literal["reasoning"] = "reasoning"
    reasoning_delta: str = ""


class RefusalContentDelta(ContentDeltaBase):
    """New text of a refusal.

    Attributes:
        refusal_delta: The new text.
    """

    type: Literal["refusal"] = "refusal"
    refusal_delta: str = ""


class ToolCallContentDelta(ContentDeltaBase):
    """A piece of a tool call. `id` and `name` are sent once, the arguments as pieces of JSON text.

    Attributes:
        id: Id of the call; None after the first piece.
        name: Name of the tool; None after the first piece.
        arguments_delta: A piece of the arguments as JSON text.
    """

    type: Literal["tool_call"] = "tool_call"
    id: str | None = None
    name: str | None = None
    arguments_delta: str = ""


class OtherContentDelta(ContentDeltaBase):
    """A piece of any other content: media (base64 in `data_delta`), a citation, a provider-run tool, or whole
    `content`.

    Attributes:
        kind: Type of the content.
        name: Name of the tool, for tools that the provider runs.
        content: The content, if it arrives as a whole.
        citation: A citation.
        data_delta: A piece of media as base64.
        transcript_delta: A piece of the transcript of audio.
    """

    type: Literal["other"] = "other"
    kind: str = ""
    name: str | None = None
    content: ContentItem | None = None
    citation: Citation | None = None
    data_delta: str = ""
    transcript_delta: str = ""


ChatContentDelta = Annotated[
    TextContentDelta | ReasoningContentDelta | RefusalContentDelta | ToolCallContentDelta | OtherContentDelta,
    Field(discriminator="type"),
]


class ChatResponseChoiceDelta(LightModel):
    """The new content of one choice.

    Attributes:
        index: Index of the choice.
        finish_reason: Why generation stopped; None while it goes on.
        content_deltas: The new content, at least one item.
    """

    index: int = 0
    finish_reason: FinishReason | None = None
    content_deltas: list[ChatContentDelta] = Field(min_length=1)


class ChatResponseChunk(LightModel):
    """One chunk of a streamed response.

    Attributes:
        id: The provider's id of the response.
        model: Model that answers.
        provider: Provider that answers.
        usage: Token counts, as far as the provider sent them with this event.
        choice_deltas: The new content of each choice, at least one item.
        done: Whether this is the last chunk. Default False.
    """

    id: str | None = None
    model: str | None = None
    provider: str | None = None
    usage: Usage | None = None
    choice_deltas: list[ChatResponseChoiceDelta] = Field(min_length=1)
    done: bool = False


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

    # The names of version 1, which are aliases.
    server_error = "server_error"
    external_api_error = "external_api_error"
    client_decode_error = "client_decode_error"


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


class StreamingChatResponse(LazyModel, SSEResponse[ChatResponseChunk]):
    """A chunk of a streamed response.

    Its fields are made when one of them is read: `text_delta` and `to_sse_format()` do without.

    Attributes:
        event: Always `"token_stream"`.
    """

    event: SSEEventType = SSEEventType.TOKEN_STREAM  # pyright: ignore[reportIncompatibleVariableOverride]  # frozen

    @property
    def text_delta(self) -> str:
        """The new text of the first choice."""
        if self._source is not None:
            arrived, batch = self._source
            new_text: str = arrived.text(batch)
            return new_text
        text = ""
        for choice in self.data.choice_deltas:
            if choice.index == 0:
                for delta in choice.content_deltas:
                    text += delta.text_delta
        return text

    def to_sse_format(self) -> str:
        """Return the event in SSE format, with its blank line at the end."""
        if self._source is not None:
            arrived, batch = self._source
            written: str | None = arrived.text_event(batch)
            if written is not None:
                return written
        return super().to_sse_format()


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
        return SSEResponse[str].model_validate({**options, "data": text})
    try:
        payload = json.loads(text)
        if data_type is None and event in PAYLOAD_TYPES:
            response: SSEResponse[Any] = PAYLOAD_TYPES[event].model_validate_json(
                json.dumps({**options, "data": payload})
            )
            return response
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
