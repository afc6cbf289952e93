"""Image generation, and OCR of images and documents."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from ...errors import ConfigurationError
from ...wire.media_types import image_size, image_type
from ..chat.report import OperationResponse, Result
from ..chat.text import Text
from ..content.parts import FileContent, ImageContent
from ..display import ShownAsText
from ..model_base import FrozenModel

SUFFIXES = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "image/svg+xml": ".svg",
}


class ImageRequest(FrozenModel):
    """Parameters of image generation.

    Attributes:
        make: `"new"` for a new image, `"variation"` for variations of the image in the prompt. Default `"new"`.
        mask: Image of the same size whose transparent areas may be changed. Default None.
    """

    make: Literal["new", "variation"] = "new"
    mask: ImageContent | None = None


class GeneratedImage(ImageContent):
    """A generated image. It can be used as a part of the next prompt.

    Attributes:
        revised_prompt: Prompt that the provider used, if it changed the prompt. Default None.
    """

    revised_prompt: str | None = None

    @property
    def bytes(self) -> bytes:
        """The bytes of the image file.

        Raises:
            ConfigurationError: The provider returned only a URL.
        """
        if self.data is None:
            raise ConfigurationError(
                f"the image has no data, only the URL {self.url}. Call client.download(image), or request base64 images"
            )
        return self.data

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height in pixels, read from the file header; None if unknown."""
        return image_size(self.data) if self.data else None

    def save(self, path: str | Path) -> Path:
        """Write the image to a file.

        Args:
            path: Target path. A path without suffix gets the suffix of the image format.

        Returns:
            The path that was written.
        """
        target = Path(path)
        if not target.suffix:
            target = target.with_suffix(SUFFIXES.get(image_type(self.bytes) or self.mime_type or "", ""))
        target.write_bytes(self.bytes)
        return target


class ImageResponse(ShownAsText, Result):
    """Generated images, with the text that the model returned in addition.

    Attributes:
        images: The images.
        text: Text of the model; empty if there is none.
    """

    images: list[GeneratedImage] = Field(default_factory=list)
    text: Text = Text()


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
