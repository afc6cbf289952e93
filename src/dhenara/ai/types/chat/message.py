"""Messages: the turns of a conversation, made of content parts."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, model_validator

from ..content.media import CacheLifetime, joined_text
from ..content.parsing import read_parts
from ..content.parts import ContentItem
from ..display import ShownAsText
from ..model_base import FrozenModel, read_old_fields
from .text import Text

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
