"""Image generation."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from ...errors import ConfigurationError
from ...output_files import write_output
from ...wire.media_types import image_size, image_type
from ..chat.message import Text
from ..chat.report import Result
from ..content.parts import ImageContent
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

    def save(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the image to a file.

        Args:
            path: Target path. A path without suffix gets the suffix of the image format.
            overwrite: Whether to replace an existing file (default False).

        Returns:
            The path that was written.

        Raises:
            OutputExistsError: If the file exists and `overwrite` is False.
        """
        target = Path(path)
        if not target.suffix:
            target = target.with_suffix(SUFFIXES.get(image_type(self.bytes) or self.mime_type or "", ""))
        write_output(target, self.bytes, overwrite=overwrite)
        return target


class ImageResponse(ShownAsText, Result):
    """Generated images, with the text that the model returned in addition.

    Attributes:
        images: The images.
        text: Text of the model; empty if there is none.
    """

    images: list[GeneratedImage] = Field(default_factory=list)
    text: Text = Text()
