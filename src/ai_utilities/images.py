"""Image operations of both clients."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from .exceptions import ProviderConfigurationError
from .execution import run_sync

if TYPE_CHECKING:
    from dhenara.ai.types import ImageContent, ImageResponse

    from .operations import ClientCore

    Picture = str | bytes | PathLike[str] | ImageContent
    OneOrMany = Picture | list[Picture] | tuple[Picture, ...]


class ImageOptions(TypedDict, total=False):
    """Options of `image`.

    `options` are provider-specific parameters such as size and quality. `cache` must be given per call: images are
    large, and a repeated prompt usually asks for a new image. `on_partial` receives previews, if the provider sends
    them.
    """

    on_partial: Callable[[ImageContent], None]

    provider: Any
    model: str
    cache: bool | str
    tags: dict[str, str]
    n: int | None
    seed: int | None
    options: dict[str, Any]
    headers: dict[str, str]
    user: str | None
    timeout: Any
    retries: int
    strict: bool


class ImagesMixin:
    """`image` for `AiClient`."""

    _operations: ClientCore

    def image(
        self,
        prompt: str = "",
        images: OneOrMany = (),
        *,
        mask: Picture | None = None,
        **options: Unpack[ImageOptions],
    ) -> ImageResponse:
        """Generates an image from a prompt, edits `images` as the prompt says, or makes variations of one image.

        Args:
            prompt: The description; None with one image makes variations of it.
            images: The images to edit: paths, bytes, URLs or content objects.
            **options: See `ImageOptions`. Transparent areas of a `mask` mark where an image may change.

        Returns:
            The response with the image data; images that the provider returned as URLs are downloaded.
        """
        return run_sync(generate_image(self._operations, prompt, images, mask, dict(options)))


class AsyncImagesMixin:
    """`image` for `AsyncAiClient`."""

    _operations: ClientCore

    async def image(
        self,
        prompt: str = "",
        images: OneOrMany = (),
        *,
        mask: Picture | None = None,
        **options: Unpack[ImageOptions],
    ) -> ImageResponse:
        return await generate_image(self._operations, prompt, images, mask, dict(options))


async def generate_image(
    operations: ClientCore, prompt: str, images: OneOrMany, mask: Picture | None, options: dict[str, Any]
) -> ImageResponse:
    """Checks the arguments, then calls the provider."""
    call = operations.mode.call
    many = list(images) if isinstance(images, list | tuple) else [images]
    given = [await call(to_image_content, one) for one in many]
    if not prompt.strip() and not given:
        raise ProviderConfigurationError("image needs a prompt, or an image to vary.")
    if not prompt.strip() and len(given) > 1:
        raise ProviderConfigurationError(
            f"variations need exactly one image, not {len(given)}. To edit several, pass a prompt."
        )
    if given and "on_partial" in options:
        raise ProviderConfigurationError("on_partial works for new images only. Leave it out.")
    if mask is not None:
        if not given:
            raise ProviderConfigurationError("a mask needs the image it applies to. Pass it in images=...")
        options["mask"] = await call(to_image_content, mask)
    drawn: ImageResponse = await operations.operate("image", (prompt, given), options)
    return drawn


def to_image_content(given: Picture) -> ImageContent:
    """The image as a content object; a path is read from disk."""
    from dhenara.ai.types import ImageContent

    from .ask_options import read_file

    if isinstance(given, ImageContent):
        return given
    if isinstance(given, str) and given.startswith(("http://", "https://")):
        return ImageContent(url=given)
    content = read_file(given)
    if not isinstance(content, dict) or content.get("type") != "image":
        subject = "these bytes are" if isinstance(given, bytes) else f"{given} is"
        raise ProviderConfigurationError(f"{subject} not an image.")
    return ImageContent.model_validate(content)
