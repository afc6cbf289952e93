"""Pictures by the engine's client: which of its methods draws, and what was left elsewhere is fetched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dhenara.ai import AIModelClient
from dhenara.ai.errors import DhenaraError
from dhenara.ai.types import CallWarning, GeneratedImage, ImageContent, ImageResponse

Said = Mapping[str, Any]


def draw(client: AIModelClient, prompt: str, images: Sequence[ImageContent], said: Said) -> ImageResponse:
    method, given = way(prompt, images)
    made: ImageResponse = getattr(client, method)(*given, **said).image_response
    fetched = Fetched(made, client)
    for picture in fetched.missing:
        try:
            fetched.found(picture, client.download(picture, timeout=said.get("timeout")))
        except DhenaraError as error:
            fetched.failed(picture, error)
    return fetched.response()


async def draw_async(client: AIModelClient, prompt: str, images: Sequence[ImageContent], said: Said) -> ImageResponse:
    """The same, awaited."""
    method, given = way(prompt, images)
    made: ImageResponse = (await getattr(client, f"{method}_async")(*given, **said)).image_response
    fetched = Fetched(made, client)
    for picture in fetched.missing:
        try:
            fetched.found(picture, await client.download_async(picture, timeout=said.get("timeout")))
        except DhenaraError as error:
            fetched.failed(picture, error)
    return fetched.response()


def way(prompt: str, images: Sequence[ImageContent]) -> tuple[str, tuple[Any, ...]]:
    """The method of the engine, and what it is given."""
    if not images:
        return "generate", (prompt,)
    return ("edit_image", (prompt, list(images))) if prompt.strip() else ("vary_image", (images[0],))


class Fetched:
    """An answer whose pictures come home. One that was paid for is not lost because it could not be fetched."""

    def __init__(self, made: ImageResponse, client: AIModelClient) -> None:
        # Most that draw do not tell who they are.
        asked = client.model_endpoint.ai_model.model_name
        self._made = made if made.model else made.model_copy(update={"model": asked})
        self._here: dict[int, GeneratedImage] = {}
        self._warnings: list[CallWarning] = []
        self.missing = [picture for picture in made.images if picture.data is None and picture.url]

    def found(self, picture: GeneratedImage, here: GeneratedImage) -> None:
        self._here[id(picture)] = here

    def failed(self, picture: GeneratedImage, error: DhenaraError) -> None:
        told = f"the picture is still at {picture.url}, for it could not be fetched: {error}"
        self._warnings.append(CallWarning(code="provider_warning", message=told))

    def response(self) -> ImageResponse:
        if not self.missing:
            return self._made
        images = [self._here.get(id(picture), picture) for picture in self._made.images]
        return self._made.model_copy(update={"images": images, "warnings": [*self._made.warnings, *self._warnings]})
