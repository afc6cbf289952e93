"""Stream chunks. Each chunk has at least one choice with at least one content delta."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ..content.parts import Citation, ContentItem
from ..model_base import FrozenModel
from .delta import FinishReason
from .usage import Usage


class ContentDeltaBase(FrozenModel):
    """Base class of content deltas. `text_delta` is always a str: answer text, or `""`."""

    index: int = 0

    @property
    def text_delta(self) -> str:
        return ""

    def get_text_delta(self) -> str:
        return self.text_delta


class TextContentDelta(FrozenModel):
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


class ChatResponseChoiceDelta(FrozenModel):
    """The new content of one choice.

    Attributes:
        index: Index of the choice.
        finish_reason: Why generation stopped; None while it goes on.
        content_deltas: The new content, at least one item.
    """

    index: int = 0
    finish_reason: FinishReason | None = None
    content_deltas: list[ChatContentDelta] = Field(min_length=1)


class ChatResponseChunk(FrozenModel):
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
