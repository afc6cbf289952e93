"""OCR of images and documents."""

from typing import Any

from pydantic import Field

from ..chat.report import OperationResponse
from ..chat.text import Text
from ..content.parts import FileContent, ImageContent
from ..display import ShownAsText
from ..model_base import FrozenModel
from .image import GeneratedImage


class OcrRequest(FrozenModel):
    """Request for OCR.

    Attributes:
        document: The document or image.
        pages: Numbers of the pages, from 0. Default None: all pages.
        include_images: Whether to return the images of the document. Default None: decided by the provider.
    """

    document: FileContent | ImageContent = Field(discriminator="type")
    pages: tuple[int, ...] | None = None
    include_images: bool | None = None


class OcrPage(FrozenModel):
    """One page.

    Attributes:
        index: Number of the page, from 0.
        markdown: Text of the page as markdown.
        images: Images on the page, if requested.
        width: Width in pixels. None if unknown.
        height: Height in pixels. None if unknown.
        dpi: Resolution in dots per inch. None if unknown.
        extras: Further fields of the provider.
    """

    index: int
    markdown: str = ""
    images: list[GeneratedImage] = Field(default_factory=list)
    width: int | None = None
    height: int | None = None
    dpi: int | None = None
    extras: dict[str, Any] = Field(default_factory=dict, repr=False)


class OcrResponse(ShownAsText, OperationResponse):
    """The recognised pages, in order.

    Attributes:
        pages: The pages, in order.
        annotation: Annotation of the document, if requested.
    """

    pages: list[OcrPage] = Field(default_factory=list)
    annotation: str | None = None

    @property
    def text(self) -> Text:
        """The text of all pages as markdown."""
        return Text("\n\n".join(page.markdown for page in self.pages))
