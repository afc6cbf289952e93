"""Chat responses: the same type for every provider, streamed or not."""

from typing import Any, TypeVar, overload

from pydantic import Field

from .content import ContentItem, ImageContent, ToolCallContent
from .cost import Cost
from .costed import Costed
from .delta import FinishReason
from .message import Message
from .model_base import FrozenModel
from .text import joined_text
from .usage import Usage
from .warning import CallWarning

T = TypeVar("T")


class ChatResponseChoice(FrozenModel):
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

    def text(self) -> str:
        """The text of this choice."""
        return joined_text(self.contents)

    def to_message(self) -> Message:
        """Return this choice as a message for the next request, with all provider data such as signatures."""
        return Message(role="assistant", contents=self.contents)


class ChatResponse(Costed):
    """Response of a chat model.

    Attributes:
        id: The provider's id of the response.
        model: Model that answered.
        provider: Provider that answered.
        choices: The choices.
        usage: Token counts.
        cost: Cost, calculated on first access.
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
    usage: Usage | None = None
    cost: Cost | None = None
    warnings: list[CallWarning] = Field(default_factory=list)
    interrupted: bool = False
    error: str | None = None
    cached: bool = False
    extras: dict[str, Any] = Field(default_factory=dict)

    @property
    def contents(self) -> list[ContentItem]:
        """The parts of the first choice."""
        return self.choices[0].contents if self.choices else []

    @property
    def finish_reason(self) -> FinishReason | None:
        return self.choices[0].finish_reason if self.choices else None

    def text(self) -> str:
        """The text of the first choice; empty if it has none."""
        return joined_text(self.contents)

    def get_text(self) -> str:
        return self.text()

    def reasoning(self) -> str:
        """The reasoning of the model, as far as the provider returns it."""
        return "".join(part.get_text() for part in self.contents if part.type == "reasoning")

    def refusal(self) -> str | None:
        """The text of the refusal, or None."""
        options = [part.text for part in self.contents if part.type == "refusal"]
        return "".join(options) if options else None

    def withheld(self) -> str | None:
        """Why the answer, or the rest of it, was withheld; None if it was not.

        This is the model's refusal if there is one, otherwise the message of the provider's safety filter.
        """
        if (words := self.refusal()) is not None:
            return words
        if not self.choices or self.choices[0].finish_reason not in ("content_filter", "refusal"):
            return None
        first = self.choices[0]
        return first.finish_message or f"the provider blocked the answer ({first.raw_finish_reason})"

    def tool_calls(self) -> list[ToolCallContent]:
        return [part for part in self.contents if part.type == "tool_call"]

    @property
    def parsed(self) -> Any:
        """The object of the structured output; None if there is none or it is invalid."""
        return next((part.parsed for part in self.contents if part.type == "structured_output"), None)

    @overload
    def structured(self) -> Any: ...
    @overload
    def structured(self, kind: type[T]) -> T: ...
    def structured(self, kind: Any = None) -> Any:
        """Return the object of the structured output.

        Args:
            kind: Type to validate the object as. Default None: the requested type.

        Returns:
            The object.

        Raises:
            RefusedError: The model refused.
            TruncatedError: The answer is incomplete.
            InvalidOutputError: The answer does not match the schema.
        """
        from .output import read_output

        return read_output(self, kind)

    def images(self) -> list[ImageContent]:
        return [part for part in self.contents if part.type == "image"]

    def to_message(self, choice_index: int = 0) -> Message:
        """Return one choice as a message for the next request.

        Args:
            choice_index: Index of the choice. Default 0.

        Returns:
            The message, with all provider data such as signatures.
        """
        return self.choices[choice_index].to_message()
