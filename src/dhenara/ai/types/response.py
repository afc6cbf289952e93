"""Answers: one shape for every provider, streamed or not."""

from typing import TYPE_CHECKING, Any, TypeVar, overload

from pydantic import Field

from .costed import Costed
from .delta import FinishReason
from .lazy_type import later
from .message import Message
from .model_base import FrozenModel
from .text import joined_text
from .usage import Usage

if TYPE_CHECKING:
    from .content import ContentItem, ImageContent, ToolCallContent
    from .cost import Cost
    from .warning import CallWarning
else:
    ContentItem = later("content", "ContentItem")
    Cost = later("cost", "Cost")
    CallWarning = later("warning", "CallWarning")

T = TypeVar("T")


class ChatResponseChoice(FrozenModel):
    """One of the answers. `finish_reason` is our word for why it ended, `raw_finish_reason` the provider's."""

    index: int = 0
    contents: list[ContentItem] = Field(default_factory=list)
    finish_reason: FinishReason | None = None
    raw_finish_reason: str | None = None
    stop_sequence: str | None = None
    finish_message: str | None = None
    logprobs: list[dict[str, Any]] | None = None

    def text(self) -> str:
        """The words of this answer."""
        return joined_text(self.contents)

    def to_message(self) -> Message:
        """This answer as a turn of the history, with everything its origin wants to hear again."""
        return Message(role="assistant", contents=self.contents)


class ChatResponse(Costed):
    """What a model said. `interrupted` is true when the answer did not reach its end; `error` then says why.

    `cached` answers were not asked for again: they come from a cache, with the usage of the time they were made.
    """

    id: str | None = None
    model: str | None = None
    provider: str | None = None
    choices: list[ChatResponseChoice] = Field(default_factory=list)
    usage: Usage | None = None
    cost: Cost | None = None
    warnings: list[CallWarning] = Field(default_factory=list)
    interrupted: bool = False
    error: str | None = None
    cached: bool = False
    extras: dict[str, Any] = Field(default_factory=dict)

    @property
    def contents(self) -> list[ContentItem]:
        """The parts of the first answer."""
        return self.choices[0].contents if self.choices else []

    @property
    def finish_reason(self) -> FinishReason | None:
        return self.choices[0].finish_reason if self.choices else None

    def text(self) -> str:
        """The words of the first answer; empty when it has none."""
        return joined_text(self.contents)

    def get_text(self) -> str:
        return self.text()

    def reasoning(self) -> str:
        """What the model thought, as far as it tells."""
        return "".join(part.get_text() for part in self.contents if part.type == "reasoning")

    def refusal(self) -> str | None:
        """The words in which the model declined, if it did."""
        options = [part.text for part in self.contents if part.type == "refusal"]
        return "".join(options) if options else None

    def withheld(self) -> str | None:
        """Why the answer, or the rest of it, was not given; None when nothing was held back.

        The model's own words where it declined in words, else what the provider says of its safety system.
        """
        if (words := self.refusal()) is not None:
            return words
        if not self.choices or self.choices[0].finish_reason not in ("content_filter", "refusal"):
            return None
        first = self.choices[0]
        return first.finish_message or f"the provider withheld the answer ({first.raw_finish_reason})"

    def tool_calls(self) -> "list[ToolCallContent]":
        return [part for part in self.contents if part.type == "tool_call"]

    @property
    def parsed(self) -> Any:
        """The object that was asked for as structured output; None where there is none, or it is not right."""
        return next((part.parsed for part in self.contents if part.type == "structured_output"), None)

    @overload
    def structured(self) -> Any: ...
    @overload
    def structured(self, kind: type[T]) -> T: ...
    def structured(self, kind: Any = None) -> Any:
        """The object that was asked for, checked. Raises RefusedError, TruncatedError or InvalidOutputError."""
        from .output import read_output

        return read_output(self, kind)

    def images(self) -> "list[ImageContent]":
        return [part for part in self.contents if part.type == "image"]

    def to_message(self, choice_index: int = 0) -> Message:
        """One of the answers as a turn of the history."""
        return self.choices[choice_index].to_message()
