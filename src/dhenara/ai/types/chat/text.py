"""The text of an answer, a string that can be called, and the names that all objects with an answer have."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Generic, Protocol, Self, TypeVar

from pydantic import GetCoreSchemaHandler
from pydantic_core import core_schema

from ..content.parts import ToolCallContent

if TYPE_CHECKING:
    from .delta import FinishReason
    from .report import CallWarning
    from .response import ChatResponse


T = TypeVar("T")


class HasText(Protocol):
    """A response with a text."""

    @property
    def text(self) -> Text: ...


R = TypeVar("R", bound=HasText)


class Text(str):
    """The text of a result. It is a `str`; calling it returns the same text, so that `response.text` and
    `response.text()` are both right.

    `str(text)` is a plain `str`, for the few libraries that refuse subclasses. Dumps of pydantic contain a plain `str`.
    """

    __slots__ = ()

    if TYPE_CHECKING:

        def __call__(self) -> str: ...

    else:

        def __call__(self, match: re.Match[str] | None = None) -> str:
            # re.sub calls a replacement that can be called, and must get what it gets for a str.
            return str(self) if match is None else match.expand(str(self))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        """Validated like a `str`, and serialized as one."""
        plain = core_schema.str_schema()
        return core_schema.no_info_after_validator_function(
            cls, plain, serialization=core_schema.plain_serializer_function_ser_schema(str, return_schema=plain)
        )


class OptionalText(Text):
    """A text that an answer may lack. Then it is empty, and calling it returns None."""

    __slots__ = ()

    if TYPE_CHECKING:

        def __call__(self) -> str | None: ...  # type: ignore[override]  # the call says whether there is a text


class MissingText(OptionalText):
    """The text that an answer lacks."""

    __slots__ = ()

    def __call__(self, match: re.Match[str] | None = None) -> None:  # type: ignore[override]  # as OptionalText says
        """Return None, which is an empty replacement for re.sub."""


class PartList(list[T]):
    """A list of parts of an answer. Calling it returns the list, so that `response.tool_calls` and
    `response.tool_calls()` are both right.
    """

    __slots__ = ()

    def __call__(self) -> list[T]:
        """Return this list."""
        return self


class WholeText(Generic[R]):
    """The text stream of a response that was not streamed: its whole text as one piece, for `for` and `async for`."""

    def __init__(self, response: R) -> None:
        self.response = response
        self._pieces = [response.text] if response.text else []

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        if not self._pieces:
            raise StopIteration
        return self._pieces.pop()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        if not self._pieces:
            raise StopAsyncIteration
        return self._pieces.pop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave out what was not read."""
        self._pieces.clear()

    async def aclose(self) -> None:
        """Leave out what was not read."""
        self.close()


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
