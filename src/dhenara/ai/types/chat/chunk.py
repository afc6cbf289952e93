"""What a chunk of a stream contains: the new content of each choice.

The classes are dataclasses, because a stream makes many objects of them; pydantic validates and writes them like any
other (decision 36).
"""

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, TypeAdapter

from ...lazy_package import missing_attribute
from ..content.parts import Citation, ContentItem
from ..display import OLD_ATTRIBUTES
from .delta import FinishReason
from .usage import Usage

new = object.__new__


@cache
def adapter_of(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


class StreamData:
    """Base class of chunks and events: the methods of pydantic models that read and write them."""

    __slots__ = ()

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Return an attribute that the class had in version 1; called only for names that it does not have now."""
            if name in OLD_ATTRIBUTES:
                return import_module("dhenara.ai.compat.attributes").old_attribute(self, name)
            raise missing_attribute(self, name)

    def model_dump(self, **options: Any) -> dict[str, Any]:
        """Return the fields as a dict.

        Args:
            **options: Options of pydantic's `TypeAdapter.dump_python`, such as `mode="json"`.
        """
        kind: Any = type(self)
        dumped: dict[str, Any] = adapter_of(kind).dump_python(self, **options)
        return dumped

    def model_dump_json(self, **options: Any) -> str:
        """Return the fields as JSON.

        Args:
            **options: Options of pydantic's `TypeAdapter.dump_json`, such as `exclude_none=True`.
        """
        kind: Any = type(self)
        return adapter_of(kind).dump_json(self, **options).decode()

    @classmethod
    def model_validate(cls, value: Any) -> Self:
        """Create an object from a dict of its fields.

        Args:
            value: The fields, or an object of this class.
        """
        kind: Any = cls
        made: Self = adapter_of(kind).validate_python(value)
        return made

    @classmethod
    def model_validate_json(cls, text: str | bytes) -> Self:
        """Create an object from JSON.

        Args:
            text: An object of JSON with the fields.
        """
        kind: Any = cls
        made: Self = adapter_of(kind).validate_json(text)
        return made


@dataclass(slots=True, kw_only=True)
class ContentDeltaBase(StreamData):
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


@dataclass(slots=True, kw_only=True)
class TextContentDelta(StreamData):
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


@dataclass(slots=True, kw_only=True)
class ReasoningContentDelta(ContentDeltaBase):
    """New reasoning text; it is not part of the answer text.

    Attributes:
        reasoning_delta: The new text.
    """

    type: Literal["reasoning"] = "reasoning"
    reasoning_delta: str = ""


@dataclass(slots=True, kw_only=True)
class RefusalContentDelta(ContentDeltaBase):
    """New text of a refusal.

    Attributes:
        refusal_delta: The new text.
    """

    type: Literal["refusal"] = "refusal"
    refusal_delta: str = ""


@dataclass(slots=True, kw_only=True)
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


@dataclass(slots=True, kw_only=True)
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


@dataclass(slots=True, kw_only=True)
class ChatResponseChoiceDelta(StreamData):
    """The new content of one choice.

    Attributes:
        index: Index of the choice.
        finish_reason: Why generation stopped; None while it goes on.
        content_deltas: The new content, at least one item.
    """

    index: int = 0
    finish_reason: FinishReason | None = None
    content_deltas: Annotated[list[ChatContentDelta], Field(min_length=1)]


@dataclass(slots=True, kw_only=True)
class ChatResponseChunk(StreamData):
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
    choice_deltas: Annotated[list[ChatResponseChoiceDelta], Field(min_length=1)]
    done: bool = False


def text_chunk(
    id: str | None, model: str | None, provider: str | None, choice: int, index: int, text: str
) -> ChatResponseChunk:
    """Return a chunk of one text, as the constructors make it.

    A stream makes three objects for nearly every chunk: filled here, they take a third of the time of their
    constructors with keyword arguments.
    """
    content = new(TextContentDelta)
    content.type, content.index, content.text_delta = "text", index, text
    delta = new(ChatResponseChoiceDelta)
    delta.index, delta.finish_reason, delta.content_deltas = choice, None, [content]
    chunk = new(ChatResponseChunk)
    chunk.id, chunk.model, chunk.provider, chunk.usage = id, model, provider, None
    chunk.choice_deltas, chunk.done = [delta], False
    return chunk
