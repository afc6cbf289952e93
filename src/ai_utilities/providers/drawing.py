"""Pictures by the engine's client: which of its methods draws, and what was left elsewhere is fetched."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dhenara.ai import AIModelClient
from dhenara.ai.errors import BadAnswerError, DhenaraError
from dhenara.ai.types import AIModelCallResponse, CallWarning, GeneratedImage, ImageContent, ImageResponse

Said = Mapping[str, Any]
USUALLY = 2
"""So many earlier states are asked for, unless the call says otherwise."""
PICTURELESS = "the stream ended without a picture"


def draw(client: AIModelClient, prompt: str, images: Sequence[ImageContent], said: Said) -> ImageResponse:
    method, given = way(prompt, images)
    if "on_partial" in said:
        made = watch(client, prompt, said)
    else:
        made = getattr(client, method)(*given, **said).image_response
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
    if "on_partial" in said:
        made = await watch_async(client, prompt, said)
    else:
        made = (await getattr(client, f"{method}_async")(*given, **said)).image_response
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


def watching(said: Said) -> dict[str, Any]:
    """A stream that shows what the picture will be; how often, the provider's own option can say."""
    rest = {name: value for name, value in said.items() if name != "on_partial"}
    return {**rest, "streaming": True, "options": {"partial_images": USUALLY, **said.get("options", {})}}


def watch(client: AIModelClient, prompt: str, said: Said) -> ImageResponse:
    """The finished picture; until then, each earlier state is shown."""
    stream = client.generate(prompt, **watching(said)).stream_generator
    for chunk, final in stream:
        if final is not None:
            return whole(stream, final)
        show(chunk, said["on_partial"])
    raise BadAnswerError(PICTURELESS)


async def watch_async(client: AIModelClient, prompt: str, said: Said) -> ImageResponse:
    """The same, awaited."""
    stream = (await client.generate_async(prompt, **watching(said))).async_stream_generator
    async for chunk, final in stream:
        if final is not None:
            return whole(stream, final)
        show(chunk, said["on_partial"])
    raise BadAnswerError(PICTURELESS)


def show(chunk: Any, on_partial: Callable[[ImageContent], None]) -> None:
    """What a chunk shows of the picture."""
    for choice in chunk.data.choice_deltas if chunk else ():
        for delta in choice.content_deltas:
            if getattr(delta, "kind", None) == "image" and delta.data_delta:
                on_partial(ImageContent.from_bytes(b64decode(delta.data_delta)))


def whole(stream: Any, final: AIModelCallResponse) -> ImageResponse:
    """The picture, or what broke the stream off."""
    if stream.error is not None:
        raise stream.error
    if final.image_response is None:
        raise BadAnswerError(PICTURELESS)
    return final.image_response


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
