"""Image operations of the client: edit, vary and download."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any, TypeVar, Unpack

from ..codecs.operations.quirks import ImageQuirks
from ..errors import ConfigurationError, UnsupportedError
from ..io.sync_io import run
from ..types.chat.message import Message
from ..types.chat.response import AIModelCallResponse
from ..types.config.timeouts import Timeouts
from ..types.content.parts import ImageContent, Media, TextContent
from ..types.operations.image import ImageRequest
from .call_factory import OperationsBase

if TYPE_CHECKING:
    from ..types.config.operation_settings import DrawSettings

M = TypeVar("M", bound=Media)
Picture = ImageContent | bytes | str | PathLike[str]
OneOrMany = Picture | Sequence[Picture]


class EngineImagesMixin(OperationsBase):
    """Image methods of `AIModelClient`; images of a response are in its `image_response`."""

    def edit_image(self, prompt: str, images: OneOrMany, **settings: Unpack[DrawSettings]) -> AIModelCallResponse:
        """Edit images as the prompt says.

        Args:
            prompt: The change to make.
            images: One image or several: content objects, bytes, paths or URLs.
            **settings: Fields of `ImageRequest` and of `AIModelCallConfig`. With `mask`, only the transparent area of
                the mask is changed.

        Returns:
            A response with the images in `image_response`.

        Raises:
            UnsupportedError: If the model does not support `mask`.
        """
        return run(self._edit(prompt, images, "new", settings, is_async=False))

    async def edit_image_async(
        self, prompt: str, images: OneOrMany, **settings: Unpack[DrawSettings]
    ) -> AIModelCallResponse:
        """Async version of `edit_image`."""
        return await self._edit(prompt, images, "new", settings, is_async=True)

    def vary_image(self, image: Picture, **settings: Unpack[DrawSettings]) -> AIModelCallResponse:
        """Generate variations of an image.

        Raises:
            UnsupportedError: If the model does not support variations.
        """
        return run(self._edit("", image, "variation", settings, is_async=False))

    async def vary_image_async(self, image: Picture, **settings: Unpack[DrawSettings]) -> AIModelCallResponse:
        """Async version of `vary_image`."""
        return await self._edit("", image, "variation", settings, is_async=True)

    def download(self, media: M, *, timeout: float | Timeouts | None = None) -> M:
        """Download an image, audio or file part from its URL, without sending the API key.

        Args:
            media: A part with a `url`.
            timeout: Seconds, or `Timeouts`.

        Returns:
            The same part with its bytes in `data`.
        """
        return run(self._download(media, timeout, is_async=False))

    async def download_async(self, media: M, *, timeout: float | Timeouts | None = None) -> M:
        """Async version of `download`."""
        return await self._download(media, timeout, is_async=True)

    async def _download(self, media: M, timeout: float | Timeouts | None, *, is_async: bool) -> M:
        from ..pipeline.media.files import download

        settings = {} if timeout is None else {"timeout": timeout}
        pipeline, call = self._prepare(self._default_operation(), None, {}, settings, is_async)
        return await download(pipeline, media, call.config)

    async def _edit(
        self, prompt: str, images: OneOrMany, make: str, settings: Mapping[str, Any], *, is_async: bool
    ) -> AIModelCallResponse:
        if not isinstance(prompt, str):
            raise ConfigurationError(
                f"the prompt must be a text, not {type(prompt).__name__}. It comes first, then the images: "
                'edit_image("Make it blue.", "photo.png")'
            )
        pictures = await self._load_images(images, is_async=is_async)
        if settings.get("mask") is not None:
            (mask,) = await self._load_images(settings["mask"], is_async=is_async)
            settings = {**settings, "mask": mask}
        words = [TextContent(text=prompt)] if prompt else []
        messages = (Message(role="user", contents=[*words, *pictures]),)
        pipeline, call = self._prepare("image", ImageRequest, {"make": make}, settings, is_async, messages)
        if (make != "new" or settings.get("mask")) and not isinstance(pipeline.target.quirks, ImageQuirks):
            raise UnsupportedError(
                f"{pipeline.target.origin.model} edits images by prompt only and does not support masks or "
                "variations. Describe the change in the prompt."
            )
        return await pipeline.answer(call)

    async def _load_images(self, images: OneOrMany, *, is_async: bool) -> list[ImageContent]:
        """Read files with the IO object's `call`, which does not block the event loop."""
        many = images if isinstance(images, Sequence) and not isinstance(images, str | bytes) else [images]
        io = self._pipeline(self._default_operation(), is_async=is_async).io
        return [one if isinstance(one, ImageContent) else await io.call(load_image, one) for one in many]


def load_image(given: Picture) -> ImageContent:
    """Return an image from bytes, a path or a URL."""
    if isinstance(given, ImageContent):
        return given
    if isinstance(given, bytes | bytearray):
        return ImageContent.from_bytes(bytes(given))
    if isinstance(given, str) and given.startswith(("http://", "https://", "data:")):
        return ImageContent.from_url(given)
    if isinstance(given, str | PathLike):
        return ImageContent.from_path(fspath(given))
    raise ConfigurationError(
        f"images must be paths, URLs, bytes or ImageContent, not {type(given).__name__}: "
        'edit_image("Make it blue.", "photo.png")'
    )
