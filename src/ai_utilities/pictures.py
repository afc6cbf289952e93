"""What both clients do with pictures."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from .colour import finished
from .exceptions import ProviderConfigurationError

if TYPE_CHECKING:
    from dhenara.ai.types import ImageContent, ImageResponse

    from .operations import Operations

    Picture = str | bytes | PathLike[str] | ImageContent
    OneOrMany = Picture | list[Picture] | tuple[Picture, ...]


class DrawOptions(TypedDict, total=False):
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


class Pictures:
    """For programs that wait."""

    _operations: Operations

    def image(
        self,
        prompt: str = "",
        images: OneOrMany = (),
        *,
        mask: Picture | None = None,
        **options: Unpack[DrawOptions],
    ) -> ImageResponse:
        """A picture of the words; with `images`, those changed as the words say; without words, others like one.

        Pictures are given as paths, bytes, addresses or content. A `mask` is transparent where they may change. What
        comes back is here: also what the provider left at an address was fetched.
        """
        return finished(draw(self._operations, prompt, images, mask, dict(options)))


class AsyncPictures:
    """The same, awaited."""

    _operations: Operations

    async def image(
        self,
        prompt: str = "",
        images: OneOrMany = (),
        *,
        mask: Picture | None = None,
        **options: Unpack[DrawOptions],
    ) -> ImageResponse:
        return await draw(self._operations, prompt, images, mask, dict(options))


async def draw(
    operations: Operations, prompt: str, images: OneOrMany, mask: Picture | None, said: dict[str, Any]
) -> ImageResponse:
    """What cannot be drawn is said before a provider is asked."""
    call = operations.colour.call
    many = list(images) if isinstance(images, list | tuple) else [images]
    given = [await call(read_picture, one) for one in many]
    if not prompt.strip() and not given:
        raise ProviderConfigurationError("there is nothing to draw: give a prompt, or a picture to vary")
    if not prompt.strip() and len(given) > 1:
        raise ProviderConfigurationError(f"variations are made of one picture, not of {len(given)}; or say a prompt")
    if given and "on_partial" in said:
        raise ProviderConfigurationError("only new pictures are shown as they become clearer: leave on_partial out")
    if mask is not None:
        if not given:
            raise ProviderConfigurationError("a mask says where a picture may change: give that picture in images=...")
        said["mask"] = await call(read_picture, mask)
    drawn: ImageResponse = await operations.operate("image", (prompt, given), said)
    return drawn


def read_picture(given: Picture) -> ImageContent:
    """The picture as content; the file behind a path is read."""
    from dhenara.ai.types import ImageContent

    from .attachments import read_file

    if isinstance(given, ImageContent):
        return given
    if isinstance(given, str) and given.startswith(("http://", "https://")):
        return ImageContent(url=given)
    found = read_file(given)
    if not isinstance(found, dict) or found.get("type") != "image":
        told = "these bytes are" if isinstance(given, bytes) else f"{given} is"
        raise ProviderConfigurationError(f"{told} not a picture, and only pictures can be changed")
    return ImageContent.model_validate(found)
