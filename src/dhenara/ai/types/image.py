"""Pictures that a model made, and what is asked of it beside the prompt."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from ..errors import ConfigurationError
from ..wire.image_headers import image_size, image_type
from .content import ImageContent
from .model_base import FrozenModel
from .result import Result

SUFFIXES = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "image/svg+xml": ".svg",
}


class ImageRequest(FrozenModel):
    """`make` something new, or variations of the picture in the prompt; `mask` is transparent where it may change."""

    make: Literal["new", "variation"] = "new"
    mask: ImageContent | None = None


class GeneratedImage(ImageContent):
    """One picture. It can be a part of the next prompt as it is."""

    revised_prompt: str | None = None

    @property
    def bytes(self) -> bytes:
        """The file itself; an error where the provider gave only an address."""
        if self.data is None:
            raise ConfigurationError(
                f"this picture is not here but at {self.url}: fetch it with client.download(image), "
                "or ask for it in base64"
            )
        return self.data

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height in pixels, where the file tells."""
        return image_size(self.data) if self.data else None

    def save(self, path: str | Path) -> Path:
        """Writes the picture to this path, and says where; without a suffix it gets that of its kind."""
        target = Path(path)
        if not target.suffix:
            target = target.with_suffix(SUFFIXES.get(image_type(self.bytes) or self.mime_type or "", ""))
        target.write_bytes(self.bytes)
        return target


class ImageResponse(Result):
    """Pictures that a model made, and what it said beside them."""

    images: list[GeneratedImage] = Field(default_factory=list)
    text: str = ""
