"""Chunks: what a stream shows while the answer grows. Each has at least one choice with at least one content."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .content import Citation, ContentItem
from .delta import FinishReason
from .model_base import FrozenModel
from .usage import Usage


class ContentDeltaBase(FrozenModel):
    """A piece of one part. `text_delta` is always a str: words of the answer proper, or nothing."""

    index: int = 0

    @property
    def text_delta(self) -> str:
        return ""

    def get_text_delta(self) -> str:
        return self.text_delta


class TextContentDelta(FrozenModel):
    """The next words of the answer."""

    type: Literal["text"] = "text"
    index: int = 0
    text_delta: str = ""

    def get_text_delta(self) -> str:
        return self.text_delta


class ReasoningContentDelta(ContentDeltaBase):
    """The next words of the model's thinking; they are not part of the answer's text."""

    type: Literal["reasoning"] = "reasoning"
    reasoning_delta: str = ""


class RefusalContentDelta(ContentDeltaBase):
    """The next words with which the model declines."""

    type: Literal["refusal"] = "refusal"
    refusal_delta: str = ""


class ToolCallContentDelta(ContentDeltaBase):
    """The next piece of a tool call: its id and name come once, its arguments as JSON text in pieces."""

    type: Literal["tool_call"] = "tool_call"
    id: str | None = None
    name: str | None = None
    arguments_delta: str = ""


class OtherContentDelta(ContentDeltaBase):
    """Any other part: media (base64 in `data_delta`), citations, what the provider ran, or a whole `content`."""

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
    """What is new in one choice."""

    index: int = 0
    finish_reason: FinishReason | None = None
    content_deltas: list[ChatContentDelta] = Field(min_length=1)


class ChatResponseChunk(FrozenModel):
    """What one event of the stream adds to the answer."""

    id: str | None = None
    model: str | None = None
    provider: str | None = None
    usage: Usage | None = None
    choice_deltas: list[ChatResponseChoiceDelta] = Field(min_length=1)
    done: bool = False
