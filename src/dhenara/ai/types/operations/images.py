"""Images: the request, the images that a model made, and the response."""

from typing import Literal

from pydantic import Field

from ...errors import ConfigurationError
from ..chat.message import Text
from ..chat.report import Result
from ..content.media import ImageContent
from ..display import ShownAsText
from ..model_base import FrozenModel


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


class ImageResponse(ShownAsText, Result):
    """Generated images, with the text that the model returned in addition.

    Attributes:
        images: The images.
        text: Text of the model; empty if there is none.
    """

    images: list[GeneratedImage] = Field(default_factory=list)
    text: Text = Text()
