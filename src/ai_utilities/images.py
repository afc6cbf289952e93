"""Images: the methods of clients, and how models with and without an image API are called."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from dhenara.ai import AIModelClient
from dhenara.ai.errors import BadAnswerError, DhenaraError
from dhenara.ai.types import AIModelCallResponse, CallWarning, GeneratedImage, ImageContent, ImageResponse

from .ask_options import read_file
from .exceptions import ProviderConfigurationError
from .execution import run_sync

if TYPE_CHECKING:
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
    if isinstance(given, ImageContent):
        return given
    if isinstance(given, str) and given.startswith(("http://", "https://")):
        return ImageContent(url=given)
    content = read_file(given)
    if not isinstance(content, dict) or content.get("type") != "image":
        subject = "these bytes are" if isinstance(given, bytes) else f"{given} is"
        raise ProviderConfigurationError(f"{subject} not an image.")
    return ImageContent.model_validate(content)


Options = Mapping[str, Any]
USUALLY = 2
"""Number of previews requested by default."""
PICTURELESS = "the stream ended without an image"


def generate_image_with_model(
    client: AIModelClient, prompt: str, images: Sequence[ImageContent], text: Options
) -> ImageResponse:
    method, given = image_method(prompt, images)
    if "on_partial" in text:
        made = stream_image(client, prompt, text)
    else:
        made = getattr(client, method)(*given, **text).image_response
    fetched = FetchedImages(made, client)
    for picture in fetched.missing:
        try:
            fetched.record_image(picture, client.download(picture, timeout=text.get("timeout")))
        except DhenaraError as error:
            fetched.record_failure(picture, error)
    return fetched.response()


async def generate_image_with_model_async(
    client: AIModelClient, prompt: str, images: Sequence[ImageContent], text: Options
) -> ImageResponse:
    """The async form."""
    method, given = image_method(prompt, images)
    if "on_partial" in text:
        made = await stream_image_async(client, prompt, text)
    else:
        made = (await getattr(client, f"{method}_async")(*given, **text)).image_response
    fetched = FetchedImages(made, client)
    for picture in fetched.missing:
        try:
            fetched.record_image(picture, await client.download_async(picture, timeout=text.get("timeout")))
        except DhenaraError as error:
            fetched.record_failure(picture, error)
    return fetched.response()


def image_method(prompt: str, images: Sequence[ImageContent]) -> tuple[str, tuple[Any, ...]]:
    """Return the engine method and its positional arguments."""
    if not images:
        return "generate", (prompt,)
    return ("edit_image", (prompt, list(images))) if prompt.strip() else ("vary_image", (images[0],))


def stream_options(text: Options) -> dict[str, Any]:
    """Return the options of a stream with previews; `partial_images` in `options` sets their number."""
    rest = {name: value for name, value in text.items() if name != "on_partial"}
    return {**rest, "streaming": True, "options": {"partial_images": USUALLY, **text.get("options", {})}}


def stream_image(client: AIModelClient, prompt: str, text: Options) -> ImageResponse:
    """Stream an image: call `on_partial` for each preview and return the final image."""
    stream = client.generate(prompt, **stream_options(text)).stream_generator
    for chunk, final in stream:
        if final is not None:
            return final_image(stream, final)
        show(chunk, text["on_partial"])
    raise BadAnswerError(PICTURELESS)


async def stream_image_async(client: AIModelClient, prompt: str, text: Options) -> ImageResponse:
    """The async form."""
    stream = (await client.generate_async(prompt, **stream_options(text))).async_stream_generator
    async for chunk, final in stream:
        if final is not None:
            return final_image(stream, final)
        show(chunk, text["on_partial"])
    raise BadAnswerError(PICTURELESS)


def show(chunk: Any, on_partial: Callable[[ImageContent], None]) -> None:
    """Call `on_partial` for each preview in the chunk."""
    for choice in chunk.data.choice_deltas if chunk else ():
        for delta in choice.content_deltas:
            if getattr(delta, "kind", None) == "image" and delta.data_delta:
                on_partial(ImageContent.from_bytes(b64decode(delta.data_delta)))


def final_image(stream: Any, final: AIModelCallResponse) -> ImageResponse:
    """Return the image; raise the error of an interrupted stream."""
    if stream.error is not None:
        raise stream.error
    if final.image_response is None:
        raise BadAnswerError(PICTURELESS)
    return final.image_response


class FetchedImages:
    """Downloads the images of an answer. An image that cannot be downloaded stays as a URL, with a warning."""

    def __init__(self, made: ImageResponse, client: AIModelClient) -> None:
        # Most image APIs do not return the model name.
        request = client.model_endpoint.ai_model.model_name
        self._made = made if made.model else made.model_copy(update={"model": request})
        self._here: dict[int, GeneratedImage] = {}
        self._warnings: list[CallWarning] = []
        self.missing = [picture for picture in made.images if picture.data is None and picture.url]

    def record_image(self, picture: GeneratedImage, here: GeneratedImage) -> None:
        self._here[id(picture)] = here

    def record_failure(self, picture: GeneratedImage, error: DhenaraError) -> None:
        data = f"the image could not be downloaded and is available at {picture.url}: {error}"
        self._warnings.append(CallWarning(code="provider_warning", message=data))

    def response(self) -> ImageResponse:
        if not self.missing:
            return self._made
        images = [self._here.get(id(picture), picture) for picture in self._made.images]
        return self._made.model_copy(update={"images": images, "warnings": [*self._made.warnings, *self._warnings]})
