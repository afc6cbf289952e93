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
    """New answer text."""

    type: Literal["text"] = "text"
    index: int = 0
    text_delta: str = ""

    def get_text_delta(self) -> str:
        return self.text_delta


class ReasoningContentDelta(ContentDeltaBase):
    """New reasoning text; it is not part of the answer text."""

    type: Literal["reasoning"] = "reasoning"
    reasoning_delta: str = ""


class RefusalContentDelta(ContentDeltaBase):
    """New text of a refusal."""

    type: Literal["refusal"] = "refusal"
    refusal_delta: str = ""


class ToolCallContentDelta(ContentDeltaBase):
    """A piece of a tool call. `id` and `name` are sent once, the arguments as pieces of JSON text."""

    type: Literal["tool_call"] = "tool_call"
    id: str | None = None
    name: str | None = None
    arguments_delta: str = ""


class OtherContentDelta(ContentDeltaBase):
    """A piece of any other content: media (base64 in `data_delta`), a citation, a provider-run tool, or whole
    `content`.
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
    """The new content of one choice."""

    index: int = 0
    finish_reason: FinishReason | None = None
    content_deltas: list[ChatContentDelta] = Field(min_length=1)


class ChatResponseChunk(FrozenModel):
    """One chunk of a streamed response."""

    id: str | None = None
    model: str | None = None
    provider: str | None = None
    usage: Usage | None = None
    choice_deltas: list[ChatResponseChoiceDelta] = Field(min_length=1)
    done: bool = False
