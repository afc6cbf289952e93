"""Messages: the turns of a conversation; and the text of an answer, a string that can be called."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, Self, TypeVar

from pydantic import Field, GetCoreSchemaHandler, model_validator
from pydantic_core import core_schema

from ..content.media import CacheLifetime, joined_text
from ..content.parsing import read_parts
from ..content.parts import ContentItem, ToolCallContent
from ..display import ShownAsText
from ..model_base import FrozenModel, ModelTemplate, read_old_fields

if TYPE_CHECKING:
    from .delta import FinishReason
    from .report import CallWarning
    from .response import ChatResponse


T = TypeVar("T")


class HasText(Protocol):
    """A response with a text."""

    @property
    def text(self) -> "Text": ...


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

    def _answer(self) -> "ChatResponse | None":
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
    def finish_reason(self) -> "FinishReason | None":
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
    def warnings(self) -> "list[CallWarning]":
        """Parameters and content that the provider does not support."""
        answer = self._answer()
        return [] if answer is None else answer.warnings


Role = Literal["system", "user", "assistant", "tool"]

ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "model": "assistant",
    "ai": "assistant",
    "tool": "tool",
    "function": "tool",
}
SPELLINGS = ("contents", "content", "parts", "text")
OLD_FIELDS = frozenset({"config", "files", "variables"})


def is_old(given: Mapping[Any, Any]) -> bool:
    """Whether this is a message as version 1 dumped it: a prompt or results of tools."""
    return "type" in given and given["type"] in ("prompt", "tool_result", "tool_results")


class Message(ShownAsText, FrozenModel):
    """One turn of a conversation. `text=`, `content=` (a string or parts) and `parts=` are accepted in place of
    `contents=`.

    `cache="short"` or `"long"` marks the end of the last part as a point up to which the provider may cache the prompt.

    Attributes:
        role: Who the message is from.
        contents: The content parts.
        name: Name of the participant.
    """

    role: Role
    contents: list[ContentItem] = Field(default_factory=list)
    name: str | None = None

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            role: str,
            contents: Any = None,
            content: Any = None,
            parts: Any = None,
            text: str | None = None,
            name: str | None = None,
            cache: CacheLifetime | None = None,
        ) -> None: ...

    @model_validator(mode="before")
    @classmethod
    def _read_spellings(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        if not OLD_FIELDS.isdisjoint(given) or not isinstance(given.get("text", ""), str | None) or is_old(given):
            given = read_old_fields("Message", given)
        text = {key: value for key, value in given.items() if key not in SPELLINGS}
        spoken = [key for key in SPELLINGS if given.get(key) is not None]
        if len(spoken) > 1:
            raise ValueError(f"a message takes its content once: {' and '.join(spoken)} are set. Pass only one of them")
        if "role" in text and isinstance(text["role"], str):
            text["role"] = ROLES.get(text["role"], text["role"])
        text["contents"] = read_parts(given[spoken[0]]) if spoken else []
        mark = text.pop("cache", None)
        if mark is not None and text["contents"]:
            text["contents"][-1] = mark_part(text["contents"][-1], mark)
        return text

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        yield None, self.role
        yield None, self.text
        yield "contents", [part for part in self.contents if part.type != "text"]
        yield "name", self.name

    @property
    def text(self) -> Text:
        """The text of all text parts."""
        return Text(joined_text(self.contents))

    def get_text(self) -> str:
        """Return the same as `text`."""
        return self.text


class Prompt(Message):
    """A user message: `role` is `"user"` by default.

    Attributes:
        role: Default `"user"`.
    """

    role: Role = "user"

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            role: str = "user",
            contents: Any = None,
            content: Any = None,
            parts: Any = None,
            text: str | None = None,
            name: str | None = None,
            cache: CacheLifetime | None = None,
        ) -> None: ...

    @classmethod
    def with_text(cls, text: str, variables: Mapping[str, Any] | None = None, disable_checks: bool = False) -> Self:
        """Create a user message from a text, the same as `Prompt(text=text)`.

        Args:
            text: The text.
            variables: Not used; replace variables in the text before.
            disable_checks: Not used.

        Returns:
            The message.
        """
        return cls(text=text)


def mark_part(part: Any, lifetime: Any) -> Any:
    """Mark the end of the part for the prompt cache."""
    if isinstance(part, Mapping):
        return {**part, "cache": lifetime}
    return part.model_copy(update={"cache": lifetime}) if isinstance(part, FrozenModel) else part


def as_sequence(given: Any) -> Sequence[Any]:
    """Wrap a single value in a list; leave sequences as they are."""
    if given is None:
        return ()
    if isinstance(given, str | Mapping) or not isinstance(given, Sequence):
        return (given,)
    return given


PROMPT = ModelTemplate(Prompt)
