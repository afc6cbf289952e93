"""What both clients do with pictures."""

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
    """`options` are the provider's own, such as size and quality. `cache` must be said here: pictures are large, and
    who asks again mostly wants another one. `on_partial` is shown a new picture as it becomes clearer, where the
    provider shows it.
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
    """For programs that wait."""

    _operations: ClientCore

    def image(
        self,
        prompt: str = "",
        images: OneOrMany = (),
        *,
        mask: Picture | None = None,
        **options: Unpack[ImageOptions],
    ) -> ImageResponse:
        """A picture of the words; with `images`, those changed as the words say; without words, others like one.

        Pictures are given as paths, bytes, addresses or content. A `mask` is transparent where they may change. What
        comes back is here: also what the provider left at an address was fetched.
        """
        return run_sync(generate_image(self._operations, prompt, images, mask, dict(options)))


class AsyncImagesMixin:
    """The same, awaited."""

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
    """What cannot be drawn is said before a provider is asked."""
    call = operations.mode.call
    many = list(images) if isinstance(images, list | tuple) else [images]
    given = [await call(to_image_content, one) for one in many]
    if not prompt.strip() and not given:
        raise ProviderConfigurationError("there is nothing to draw: give a prompt, or a picture to vary")
    if not prompt.strip() and len(given) > 1:
        raise ProviderConfigurationError(f"variations are made of one picture, not of {len(given)}; or say a prompt")
    if given and "on_partial" in options:
        raise ProviderConfigurationError("only new pictures are shown as they become clearer: leave on_partial out")
    if mask is not None:
        if not given:
            raise ProviderConfigurationError("a mask says where a picture may change: give that picture in images=...")
        options["mask"] = await call(to_image_content, mask)
    drawn: ImageResponse = await operations.operate("image", (prompt, given), options)
    return drawn


def to_image_content(given: Picture) -> ImageContent:
    """The picture as content; the file behind a path is read."""
    from dhenara.ai.types import ImageContent

    from .attachments import read_file

    if isinstance(given, ImageContent):
        return given
    if isinstance(given, str) and given.startswith(("http://", "https://")):
        return ImageContent(url=given)
    match = read_file(given)
    if not isinstance(match, dict) or match.get("type") != "image":
        data = "these bytes are" if isinstance(given, bytes) else f"{given} is"
        raise ProviderConfigurationError(f"{data} not a picture, and only pictures can be changed")
    return ImageContent.model_validate(match)
