"""Words: what nearly every prompt and answer is made of."""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field

from .model_base import FrozenModel
from .part import Content

SPOKEN = ("text", "structured_output")


class Citation(FrozenModel):
    """A source that a text rests on."""

    url: str | None = None
    title: str | None = None
    cited_text: str | None = None
    start: int | None = None
    end: int | None = None
    extras: dict[str, Any] = Field(default_factory=dict)


class TextContent(Content):
    """Words of the answer or of the prompt."""

    type: Literal["text"] = "text"
    text: str = ""
    citations: list[Citation] = Field(default_factory=list)

    def get_text(self) -> str:
        return self.text


def joined_text(contents: Sequence[Content]) -> str:
    """Every word of the answer proper: text, and the JSON of a structured answer."""
    return "".join(part.get_text() for part in contents if getattr(part, "type", None) in SPOKEN)
