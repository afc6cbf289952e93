"""Chat responses with their structured output, and the return type of `generate`."""

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast, overload

from pydantic import Field

from ...errors import ConfigurationError, SyncAsyncMismatchError
from ..content.media import joined_text
from ..content.parts import ContentItem, HostedToolResults, ImageContent, ToolCallContent
from ..display import ShownAsText
from ..model_base import FrozenModel, ModelTemplate
from ..operations.images import ImageResponse
from .cost import Cost
from .delta import FinishReason
from .message import AnswerParts, Message, MissingText, OptionalText, PartList, Text, WholeText
from .report import Attempt, CallWarning, Fingerprint, Plan
from .structured import read_output
from .usage import NO_USAGE, Costed, ReportedUsage, Usage

T = TypeVar("T")
READ_ASYNC = "this response is a stream. Write: async for text in response.text_stream"
READ_SYNC = "this is the stream of a sync method. Write: for text in response.text_stream, or call the async method."
NO_STREAM = "this response is not a stream. Pass streaming=True, or read response.text"


class ChatResponseChoice(ShownAsText, FrozenModel):
    """One choice of a response.

    Attributes:
        index: Index of the choice.
        contents: The content parts.
        finish_reason: Why generation stopped, with the same values for all providers.
        raw_finish_reason: The provider's own value.
        stop_sequence: The stop sequence that was generated.
        finish_message: The provider's explanation.
        logprobs: Log probabilities, if requested.
    """

    index: int = 0
    contents: list[ContentItem] = Field(default_factory=list)
    finish_reason: FinishReason | None = None
    raw_finish_reason: str | None = None
    stop_sequence: str | None = None
    finish_message: str | None = None
    logprobs: list[dict[str, Any]] | None = None

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        yield None, self.text
        yield "tool_calls", [part.name for part in self.contents if part.type == "tool_call"]
        yield "finish_reason", self.finish_reason

    @property
    def text(self) -> Text:
        """The text of this choice."""
        return Text(joined_text(self.contents))

    def to_message(self) -> Message:
        """Return this choice as a message for the next request, with all provider data such as signatures."""
        return Message(role="assistant", contents=self.contents)


class ChatResponse(ShownAsText, HostedToolResults, Costed):
    """Response of a chat model.

    Attributes:
        id: The provider's id of the response.
        model: Model that answered.
        provider: Provider that answered.
        choices: The choices.
        usage: Token counts; unknown if the provider reported none.
        warnings: Parameters and content that the provider does not support.
        interrupted: Whether the response ended before it was complete.
        error: Why the response was interrupted.
        cached: Whether the response comes from a cache; `usage` is then that of the original request.
        extras: Further fields of the provider.
    """

    id: str | None = None
    model: str | None = None
    provider: str | None = None
    choices: list[ChatResponseChoice] = Field(default_factory=list)
    usage: ReportedUsage = Field(default_factory=Usage.unknown)
    warnings: list[CallWarning] = Field(default_factory=list)
    interrupted: bool = False
    error: str | None = None
    cached: bool = False
    extras: dict[str, Any] = Field(default_factory=dict)

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        yield None, self.text
        yield "tool_calls", [call.name for call in self.tool_calls]
        yield "images", len(self.images) or None
        yield "model", self.model
        yield "finish_reason", self.finish_reason
        yield "usage", self.usage
        yield from [(name, True) for name in ("cached", "interrupted") if getattr(self, name)]
        yield "warnings", len(self.warnings) or None

    @property
    def contents(self) -> list[ContentItem]:
        """The parts of the first choice."""
        return self.choices[0].contents if self.choices else []

    @property
    def finish_reason(self) -> FinishReason | None:
        """Why generation of the first choice stopped."""
        return self.choices[0].finish_reason if self.choices else None

    @property
    def text(self) -> Text:
        """The text of the first choice; empty if it has none."""
        return Text(joined_text(self.contents))

    def get_text(self) -> str:
        """Return `text`."""
        return self.text

    @property
    def reasoning(self) -> Text:
        """The reasoning of the model, as far as the provider returns it."""
        return Text("".join(part.get_text() for part in self.contents if part.type == "reasoning"))

    @property
    def refusal(self) -> OptionalText:
        """The text of the refusal; empty if the model did not refuse, and then `refusal()` is None."""
        texts = [part.text for part in self.contents if part.type == "refusal"]
        return OptionalText("".join(texts)) if texts else MissingText()

    @property
    def withheld(self) -> OptionalText:
        """Why the answer, or the rest of it, was withheld; empty if it was not, and then `withheld()` is None.

        This is the model's refusal if there is one, otherwise the message of the provider's safety filter.
        """
        if (refusal := self.refusal)() is not None:
            return refusal
        if not self.choices or self.choices[0].finish_reason not in ("content_filter", "refusal"):
            return MissingText()
        first = self.choices[0]
        return OptionalText(first.finish_message or f"the provider blocked the answer ({first.raw_finish_reason})")

    @property
    def tool_calls(self) -> PartList[ToolCallContent]:
        """The tool calls of the first choice."""
        return PartList(part for part in self.contents if part.type == "tool_call")

    @property
    def parsed(self) -> Any:
        """The object of the structured output; None if there is none or it is invalid."""
        return next((part.parsed for part in self.contents if part.type == "structured_output"), None)

    @overload
    def structured(self) -> Any: ...
    @overload
    def structured(self, kind: type[T]) -> T: ...
    def structured(self, kind: Any = None) -> Any:
        """Return the data of the structured output, or an object of a type.

        Args:
            kind: Type of the object. Default None: plain data, such as a dict; `parsed` has the requested type.

        Raises:
            RefusedError: The model refused.
            TruncatedError: The answer is incomplete.
            InvalidOutputError: The answer does not match the schema.
        """
        output = read_output(self, kind)
        if kind is not None:
            return output
        return next((part.data for part in self.contents if part.type == "structured_output"), None)

    @property
    def images(self) -> PartList[ImageContent]:
        """The images of the first choice."""
        return PartList(part for part in self.contents if part.type == "image")

    def to_message(self, choice_index: int = 0) -> Message:
        """Return one choice as a message for the next request, with all provider data such as signatures.

        Args:
            choice_index: Index of the choice. Default 0.
        """
        return self.choices[choice_index].to_message()


if TYPE_CHECKING:
    from ...streams.chat import AsyncStream, EitherStream, EitherTextStream, SyncStream


class AIModelCallResponse(ShownAsText, AnswerParts, FrozenModel):
    """The response to a call: `chat_response` or `image_response`, or a stream of `(chunk, final)` tuples.

    `text`, `usage`, `cost`, `parsed`, `tool_calls` and the other names of the answer are here as well. Those of a
    stream are of what has arrived so far, and complete at its end.

    Which one is set depends on the call: a chat model returns no image response, and a call without streaming returns
    no stream. The others are None at run time; they are typed as not None so that no check is needed.

    Attributes:
        attempts: One record for each request that was sent.
        request_id: The provider's id of the last request. None if there is none.
        response_headers: HTTP headers of the last response.
        duration_seconds: Time from the call to the end of the response, in seconds. None for streams.
        first_token_seconds: Time until the first content, in seconds. None if nothing was measured.
        chat_response: Response of a chat model.
        image_response: Response of an image model.
    """

    if TYPE_CHECKING:
        chat_response: ChatResponse = cast("ChatResponse", None)
        image_response: ImageResponse = cast("ImageResponse", None)
    else:
        chat_response: ChatResponse | None = None
        image_response: ImageResponse | None = None
    attempts: list[Attempt] = Field(default_factory=list)
    request_id: str | None = None
    response_headers: dict[str, str] = Field(default_factory=dict)
    duration_seconds: float | None = None
    first_token_seconds: float | None = None
    plan: Plan | None = None
    """How each part of the conversation was converted; None if every part was sent unchanged."""

    fingerprint: Fingerprint | None = None
    """Hash of each part of the request, if the config has `fingerprint=True`."""

    _stream: ClassVar[Any] = None
    _async_stream: ClassVar[Any] = None

    @classmethod
    def streaming(
        cls, *, stream: "SyncStream | None" = None, async_stream: "AsyncStream | None" = None, **facts: Any
    ) -> "AIModelCallResponse":
        """Create the response of a streamed call.

        Args:
            stream: The stream of a sync call.
            async_stream: The stream of an async call.
            **facts: Fields that are known when the stream begins, such as `attempts`.
        """
        response = cls.model_construct(**facts)
        vars(response).update(_stream=stream, _async_stream=async_stream)  # beside the fields, like a cached property
        return response

    @property
    def sync_stream_generator(self) -> "SyncStream":
        """The stream of a call of `generate` with streaming."""
        return self._stream  # type: ignore[no-any-return]  # typed by its property

    @property
    def async_stream_generator(self) -> "AsyncStream":
        """The stream of a call of `generate_async` with streaming."""
        return self._async_stream  # type: ignore[no-any-return]  # typed by its property

    @property
    def stream_generator(self) -> "EitherStream":
        """The sync or async stream; None if the call was not streamed."""
        return self._async_stream if self._async_stream is not None else self._stream  # type: ignore[no-any-return]

    @property
    def full_response(self) -> ChatResponse | ImageResponse | None:
        """The chat or image response; None for a stream."""
        responses: tuple[ChatResponse | ImageResponse | None, ...] = (self.chat_response, self.image_response)
        return next((response for response in responses if response is not None), None)

    def __iter__(self) -> Generator[tuple[str, Any], None, None]:
        if self._async_stream is not None:
            raise SyncAsyncMismatchError(READ_ASYNC)
        if self._stream is not None:
            raise ConfigurationError("this response is a stream. Write: for text in response.text_stream")
        return super().__iter__()

    if not TYPE_CHECKING:

        def __aiter__(self) -> Any:
            if self._async_stream is not None:
                raise SyncAsyncMismatchError(READ_ASYNC)
            raise SyncAsyncMismatchError(NO_STREAM if self._stream is None else READ_SYNC)

    def __eq__(self, other: object) -> bool:
        is_same = isinstance(other, AIModelCallResponse) and self.stream_generator is other.stream_generator
        return super().__eq__(other) if is_same else NotImplemented

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        if self.stream_generator is not None:
            yield "stream", True
        result = self.full_response
        yield from () if result is None else result.__repr_args__()

    @property
    def text_stream(self) -> "EitherTextStream":
        """Iterator over the text as it arrives, or over the whole text at once; at its end it has the `response`."""
        stream: SyncStream | AsyncStream | None = self._async_stream or self._stream
        return WholeText(self) if stream is None else stream.text_stream  # type: ignore[return-value]

    def _answer(self) -> ChatResponse | None:
        if self.chat_response is not None:
            return self.chat_response
        return None if self.stream_generator is None else self.stream_generator.partial()

    def _result(self) -> ChatResponse | ImageResponse | None:
        return self._answer() or self.image_response

    @property
    def text(self) -> Text:
        """The text of the answer; empty if it has none."""
        result = self._result()
        return Text() if result is None else result.text

    @property
    def images(self) -> PartList[ImageContent]:
        """The images of the answer."""
        result = self._result()
        return PartList() if result is None else PartList(result.images)

    @property
    def usage(self) -> Usage:
        """Token counts of the answer; unknown if the provider reported none."""
        result = self._result()
        return Usage.unknown() if result is None else result.usage

    @property
    def cost(self) -> Cost:
        """Cost in US dollars; if it is unknown, `amount` is None and `reason` says why."""
        result = self._result()
        return Cost(reason=NO_USAGE) if result is None else result.cost

    @overload
    def structured(self) -> Any: ...
    @overload
    def structured(self, kind: type[T]) -> T: ...
    def structured(self, kind: Any = None) -> Any:
        """Return the data of the structured output, or an object of a type, as `ChatResponse.structured` does.

        Args:
            kind: Type of the object. Default None: plain data, such as a dict; `parsed` is the object of the requested
                type.

        Raises:
            OutputError: The model refused, or its answer is incomplete or does not match.
            ConfigurationError: This is no response of a chat model.
        """
        answer = self._answer()
        if answer is None:
            raise ConfigurationError("this response is not from a chat model, so it has no structured output")
        return answer.structured(kind)


CHOICE, ANSWER = ModelTemplate(ChatResponseChoice), ModelTemplate(ChatResponse)
RESPONSE = ModelTemplate(AIModelCallResponse)
