"""Text content and citations."""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field

from .model_base import FrozenModel
from .part import Content

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
    """Text of a prompt or answer."""

    type: Literal["text"] = "text"
    text: str = ""
    citations: list[Citation] = Field(default_factory=list)

    def get_text(self) -> str:
        return self.text


def joined_text(contents: Sequence[Content]) -> str:
    """Join the answer text: text parts, and the JSON of structured answers."""
    return "".join(part.get_text() for part in contents if getattr(part, "type", None) in SPOKEN)
