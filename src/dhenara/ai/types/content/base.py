"""Base class of content parts, text and citations."""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field

from ..model_base import FrozenModel


class Origin(FrozenModel):
    """The provider, the requested model and the protocol that produced a part.

    Attributes:
        provider: Name of the provider.
        model: Model that was requested.
        protocol: Protocol of the response, such as `openai_chat`.
        prefix: Hash of the conversation before the part, for reasoning that is only valid after exactly this
            conversation. Default None: valid after any.
    """

    provider: str
    model: str
    protocol: str
    prefix: str | None = None


CacheLifetime = Literal["short", "long"]
"""How long a provider should cache the beginning of a prompt: minutes (`"short"`) or hours (`"long"`)."""


class Content(FrozenModel):
    """Base class of content parts.

    Attributes:
        origin: Who produced the part; None for parts of the user.
        cache: Marks the end of the part as a point up to which the provider may cache the prompt.
        extras: Data for the origin only, such as signatures, encrypted state and ids.
    """

    origin: Origin | None = None
    cache: CacheLifetime | None = None
    extras: dict[str, Any] = Field(default_factory=dict)

    def get_text(self) -> str:
        """Return the part as plain text; empty if it has none."""
        return ""


SPOKEN = ("text", "structured_output")


class Citation(FrozenModel):
    """A source of a text.

    Attributes:
        url: URL of the source.
        title: Title of the source.
        cited_text: Quoted text of the source.
        start: Start of the cited range.
        end: End of the cited range.
        extras: Further fields of the provider.
    """

    url: str | None = None
    title: str | None = None
    cited_text: str | None = None
    start: int | None = None
    end: int | None = None
    extras: dict[str, Any] = Field(default_factory=dict)


class TextContent(Content):
    """Text of a prompt or answer.

    Attributes:
        text: The text.
        citations: Sources of the text.
    """

    type: Literal["text"] = "text"
    text: str = ""
    citations: list[Citation] = Field(default_factory=list)

    def get_text(self) -> str:
        """The text."""
        return self.text


def joined_text(contents: Sequence[Content]) -> str:
    """Join the answer text: text parts, and the JSON of structured answers."""
    return "".join(part.get_text() for part in contents if getattr(part, "type", None) in SPOKEN)
