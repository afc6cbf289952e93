"""Names that everything with an answer has in common: response, run, turn, item of a batch, result of the kit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..content.parts import ToolCallContent
from .text import MissingText, OptionalText, PartList, Text

if TYPE_CHECKING:
    from .delta import FinishReason
    from .report import CallWarning
    from .response import ChatResponse


class AnswerParts:
    """Parts of the chat response in `_answer()`; empty or None if there is none."""

    __slots__ = ()

    def _answer(self) -> ChatResponse | None:
        raise NotImplementedError

    @property
    def reasoning(self) -> Text:
        """The reasoning of the model, as far as the provider returns it."""
        answer = self._answer()
        return Text() if answer is None else answer.reasoning

    @property
    def refusal(self) -> OptionalText:
        """The text of the refusal; empty if the model did not refuse, and then `refusal()` is None."""
        answer = self._answer()
        return MissingText() if answer is None else answer.refusal

    @property
    def parsed(self) -> Any:
        """The object of the structured output; None if there is none or it is invalid."""
        answer = self._answer()
        return None if answer is None else answer.parsed

    @property
    def tool_calls(self) -> PartList[ToolCallContent]:
        """The tool calls of the answer."""
        answer = self._answer()
        return PartList() if answer is None else answer.tool_calls

    @property
    def finish_reason(self) -> FinishReason | None:
        """Why the model stopped, such as `stop` or `length`; None if unknown."""
        answer = self._answer()
        return None if answer is None else answer.finish_reason

    @property
    def model(self) -> str | None:
        """The model that answered."""
        answer = self._answer()
        return None if answer is None else answer.model

    @property
    def provider(self) -> str | None:
        """The provider that answered."""
        answer = self._answer()
        return None if answer is None else answer.provider

    @property
    def warnings(self) -> list[CallWarning]:
        """Parameters and content that the provider does not support."""
        answer = self._answer()
        return [] if answer is None else answer.warnings
