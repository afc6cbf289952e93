"""OCR: text of the pages of a document or image."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from .content import FileContent, ImageContent
from .image import GeneratedImage
from .model_base import FrozenModel
from .result import OperationResponse


class OcrRequest(FrozenModel):
    """Request for OCR. `pages` are counted from 0; `include_images` returns the images of the document as well."""

    document: FileContent | ImageContent = Field(discriminator="type")
    pages: tuple[int, ...] | None = None
    include_images: bool | None = None


class OcrPage(FrozenModel):
    """One page. `extras` holds further fields that the provider returns."""

    index: int
    markdown: str = ""
    images: list[GeneratedImage] = Field(default_factory=list)
    width: int | None = None
    height: int | None = None
    dpi: int | None = None
    extras: dict[str, Any] = Field(default_factory=dict, repr=False)


class OcrResponse(OperationResponse):
    """The recognised pages, in order."""

    pages: list[OcrPage] = Field(default_factory=list)
    annotation: str | None = None

    def text(self) -> str:
        """The text of all pages as markdown."""
        return "\n\n".join(page.markdown for page in self.pages)
