"""Operations on pictures: edits and variations, each in both colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, Unpack

from ..errors import UnsupportedError
from ..runtime.sync_io import run
from .operations_base import OperationsBase

if TYPE_CHECKING:
    from ..types.call_response import AIModelCallResponse
    from ..types.content import ImageContent, Media
    from ..types.operation_settings import DrawSettings
    from ..types.timeouts import Timeouts

    M = TypeVar("M", bound=Media)
    OneOrMany = ImageContent | Sequence[ImageContent]


class EngineImagesMixin(OperationsBase):
    """Answers are those of `generate`, with the pictures in `image_response`."""

    def edit_image(self, prompt: str, images: OneOrMany, **settings: Unpack[DrawSettings]) -> AIModelCallResponse:
        """These pictures, changed as the prompt says; with a `mask`, only where it is transparent."""
        return run(self._edit(prompt, images, "new", settings, is_async=False))

    async def edit_image_async(
        self, prompt: str, images: OneOrMany, **settings: Unpack[DrawSettings]
    ) -> AIModelCallResponse:
        """The same, awaited."""
        return await self._edit(prompt, images, "new", settings, is_async=True)

    def vary_image(self, image: ImageContent, **settings: Unpack[DrawSettings]) -> AIModelCallResponse:
        """Others like this one."""
        return run(self._edit("", image, "variation", settings, is_async=False))

    async def vary_image_async(self, image: ImageContent, **settings: Unpack[DrawSettings]) -> AIModelCallResponse:
        """The same, awaited."""
        return await self._edit("", image, "variation", settings, is_async=True)

    def download(self, media: M, *, timeout: float | Timeouts | None = None) -> M:
        """A picture, sound or file with its bytes, fetched from where the provider left it. No key goes along."""
        return run(self._download(media, timeout, is_async=False))

    async def download_async(self, media: M, *, timeout: float | Timeouts | None = None) -> M:
        """The same, awaited."""
        return await self._download(media, timeout, is_async=True)

    async def _download(self, media: M, timeout: float | Timeouts | None, *, is_async: bool) -> M:
        from ..pipeline.download import download

        settings = {} if timeout is None else {"timeout": timeout}
        pipeline, call = self._prepare(self._default_operation(), None, {}, settings, is_async)
        return await download(pipeline, media, call.config)

    async def _edit(
        self, prompt: str, images: OneOrMany, make: str, settings: Mapping[str, Any], *, is_async: bool
    ) -> AIModelCallResponse:
        from ..codecs.operation_quirks import ImageQuirks
        from ..types.content import ImageContent, TextContent
        from ..types.image import ImageRequest
        from ..types.message import Message

        pictures = [images] if isinstance(images, ImageContent) else list(images)
        words = [TextContent(text=prompt)] if prompt else []
        messages = (Message(role="user", contents=[*words, *pictures]),)
        pipeline, call = self._prepare("image", ImageRequest, {"make": make}, settings, is_async, messages)
        if (make != "new" or settings.get("mask")) and not isinstance(pipeline.target.quirks, ImageQuirks):
            raise UnsupportedError(
                f"{pipeline.target.origin.model} changes pictures by what the prompt says; it takes no mask and makes "
                "no variations of its own accord"
            )
        return await pipeline.answer(call)
