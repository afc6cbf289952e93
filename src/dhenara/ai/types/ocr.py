"""OCR: pages of a document or picture as text."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from .content import FileContent, ImageContent
from .image import GeneratedImage
from .model_base import FrozenModel
from .result import OperationResponse


class OcrRequest(FrozenModel):
    """`pages` counts from 0; `include_images` brings the pictures of the document along."""

    document: FileContent | ImageContent = Field(discriminator="type")
    pages: tuple[int, ...] | None = None
    include_images: bool | None = None


class OcrPage(FrozenModel):
    """One page. What the host knows beyond its text and pictures is in `extras`."""

    index: int
    markdown: str = ""
    images: list[GeneratedImage] = Field(default_factory=list)
    width: int | None = None
    height: int | None = None
    dpi: int | None = None
    extras: dict[str, Any] = Field(default_factory=dict, repr=False)


class OcrResponse(OperationResponse):
    """The pages that were read, in their order."""

    pages: list[OcrPage] = Field(default_factory=list)
    annotation: str | None = None

    def text(self) -> str:
        """All pages, as markdown."""
        return "\n\n".join(page.markdown for page in self.pages)
