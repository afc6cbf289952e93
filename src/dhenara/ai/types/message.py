"""Messages: who says what. Prompts, answers and tool results all become messages before they travel."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, model_validator

from .lazy_type import later
from .model_base import FrozenModel
from .part import CacheLifetime
from .text import joined_text

if TYPE_CHECKING:
    from .content import ContentItem
else:
    ContentItem = later("content", "ContentItem")

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


class Message(FrozenModel):
    """One turn. `text=`, `content=` (a string or parts) and `parts=` are other spellings of `contents=`.

    `cache="short"` or `"long"` marks the end of the message, which is the end of its last part, for prompt caches.
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
        from .vendor_formats import read_parts

        text = {key: value for key, value in given.items() if key not in SPELLINGS}
        spoken = [key for key in SPELLINGS if given.get(key) is not None]
        if len(spoken) > 1:
            raise ValueError(f"a message says its content once, not as {' and '.join(spoken)}")
        if "role" in text and isinstance(text["role"], str):
            text["role"] = ROLES.get(text["role"], text["role"])
        text["contents"] = read_parts(given[spoken[0]]) if spoken else []
        mark = text.pop("cache", None)
        if mark is not None and text["contents"]:
            text["contents"][-1] = mark_part(text["contents"][-1], mark)
        return text

    @property
    def text(self) -> str:
        """The words of this message."""
        return joined_text(self.contents)

    def get_text(self) -> str:
        return self.text


class Prompt(Message):
    """What a user says: a message whose role is "user" unless told otherwise."""

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


def mark_part(part: Any, lifetime: Any) -> Any:
    """The part with its end marked for the prompt cache."""
    if isinstance(part, Mapping):
        return {**part, "cache": lifetime}
    return part.model_copy(update={"cache": lifetime}) if isinstance(part, FrozenModel) else part


def as_sequence(given: Any) -> Sequence[Any]:
    """One thing or many, as many."""
    if given is None:
        return ()
    if isinstance(given, str | Mapping) or not isinstance(given, Sequence):
        return (given,)
    return given
