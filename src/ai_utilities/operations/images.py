"""Images: client methods, models with and without an image API; and the calls of operations, ready to be sent."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Sequence
from functools import partial
from os import PathLike
from typing import TYPE_CHECKING, Unpack, cast

from dhenara.ai import AIModelClient
from dhenara.ai.errors import BadAnswerError, DhenaraError
from dhenara.ai.integration import conceal_options, conceals_its_options
from dhenara.ai.types import (
    AIModelCallResponse,
    CallWarning,
    GeneratedImage,
    ImageContent,
    ImageResponse,
)

from ..exceptions import Arguments, Options, ProviderConfigurationError
from ..execution import AnyAsyncCall, AnyCall, PreparedAsyncCall, PreparedCall, run_sync, unchanged
from .ask_options import read_file

if TYPE_CHECKING:
    from dhenara.ai.types import SSEErrorResponse, StreamingChatResponse, Timeouts

    from ..exceptions import Arguments, OperationResult, Options
    from .client_core import ClientCore
    from .operation_options import ImageOptions

    Picture = str | bytes | PathLike[str] | ImageContent
    OneOrMany = Picture | list[Picture] | tuple[Picture, ...]


class ImagesMixin:
    """`image` for `AiClient`."""

    _operations: ClientCore

    @conceals_its_options
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
            mask: Image whose transparent areas mark where another image may change.
            **options: See `ImageOptions`.

        Returns:
            The response with the image data; images that the provider returned as URLs are downloaded.
        """
        conceal_options(options)
        chosen = dict(options)
        contents = run_sync(read_images(self._operations, prompt, images, mask, chosen))
        call = self._operations.prepare_operation("image", (prompt, contents), chosen)
        with call.context():
            made = call.read(call.send())
            response: ImageResponse = made.download() if isinstance(made, FetchedImages) else made
            return response


class AsyncImagesMixin:
    """`image` for `AsyncAiClient`."""

    _operations: ClientCore

    @conceals_its_options
    async def image(
        self,
        prompt: str = "",
        images: OneOrMany = (),
        *,
        mask: Picture | None = None,
        **options: Unpack[ImageOptions],
    ) -> ImageResponse:
        """Generates or edits an image; see `AiClient.image`.

        Args:
            prompt: The description; None with one image makes variations of it.
            images: The images to edit: paths, bytes, URLs or content objects.
            mask: Image whose transparent areas mark where another image may change.
            **options: See `ImageOptions`.
        """
        conceal_options(options)
        chosen = dict(options)
        contents = await read_images(self._operations, prompt, images, mask, chosen)
        call = self._operations.prepare_operation_async("image", (prompt, contents), chosen)
        with call.context():
            made = call.read(await call.send())
            response: ImageResponse = await made.download_async() if isinstance(made, FetchedImages) else made
            return response


async def read_images(
    operations: ClientCore, prompt: str, images: OneOrMany, mask: Picture | None, options: Options
) -> list[ImageContent]:
    """Checks the arguments, and returns the images as content objects; that of the mask is put into the options."""
    call = operations.mode.call
    given_images = list(images) if isinstance(images, list | tuple) else [images]
    contents = [await call(to_image_content, image) for image in given_images]
    if not prompt.strip() and not contents:
        raise ProviderConfigurationError("image needs a prompt, or an image to vary.")
    if not prompt.strip() and len(contents) > 1:
        raise ProviderConfigurationError(
            f"variations need exactly one image, not {len(contents)}. To edit several, pass a prompt."
        )
    if contents and "on_partial" in options:
        raise ProviderConfigurationError("on_partial works for new images only. Leave it out.")
    if mask is not None:
        if not contents:
            raise ProviderConfigurationError("a mask needs the image it applies to. Pass it in images=...")
        options["mask"] = await call(to_image_content, mask)
    return contents


def to_image_content(image: Picture) -> ImageContent:
    """The image as a content object; a path is read from disk."""
    if isinstance(image, ImageContent):
        return image
    if isinstance(image, str) and image.startswith(("http://", "https://")):
        return ImageContent(url=image)
    content = read_file(image)
    if not isinstance(content, dict) or content.get("type") != "image":
        subject = "these bytes are" if isinstance(image, bytes) else f"{image} is"
        raise ProviderConfigurationError(f"{subject} not an image.")
    return ImageContent.model_validate(content)


USUALLY = 2
"""Number of previews requested by default."""
PICTURELESS = "the stream ended without an image"


def image_sender(
    client: AIModelClient, arguments: Arguments, options: Options, *, is_async: bool = False
) -> Callable[[], OperationResult]:
    """Return what requests images for a prompt and the images to edit."""
    prompt, images = cast("tuple[str, Sequence[ImageContent]]", arguments)
    if "on_partial" in options:
        return partial(stream_image_async if is_async else stream_image, client, prompt, options)
    method, given = image_method(prompt, images)
    return partial(getattr(client, f"{method}_async" if is_async else method), *given, **options)


def image_reader(client: AIModelClient, options: Options) -> Callable[[OperationResult], FetchedImages]:
    """Return what reads the answer to such a request."""
    return partial(FetchedImages, client, options.get("timeout"))


def image_method(prompt: str, images: Sequence[ImageContent]) -> tuple[str, tuple[object, ...]]:
    """Return the engine method and its positional arguments."""
    if not images:
        return "generate", (prompt,)
    return ("edit_image", (prompt, list(images))) if prompt.strip() else ("vary_image", (images[0],))


def stream_options(options: Options) -> Options:
    """Return the options of a stream with previews; `partial_images` in `options` sets their number."""
    rest = {name: value for name, value in options.items() if name != "on_partial"}
    return {**rest, "streaming": True, "options": {"partial_images": USUALLY, **options.get("options", {})}}


def stream_image(client: AIModelClient, prompt: str, options: Options) -> ImageResponse:
    """Stream an image: call `on_partial` for each preview and return the final image."""
    stream = client.generate(prompt, **stream_options(options)).sync_stream_generator
    for chunk, final in stream:
        if final is not None:
            return final_image(stream.error, final)
        show_partial(chunk, options["on_partial"])
    raise BadAnswerError(PICTURELESS)


async def stream_image_async(client: AIModelClient, prompt: str, options: Options) -> ImageResponse:
    """The async form."""
    stream = (await client.generate_async(prompt, **stream_options(options))).async_stream_generator
    async for chunk, final in stream:
        if final is not None:
            return final_image(stream.error, final)
        show_partial(chunk, options["on_partial"])
    raise BadAnswerError(PICTURELESS)


def show_partial(
    chunk: StreamingChatResponse | SSEErrorResponse | None, on_partial: Callable[[ImageContent], None]
) -> None:
    """Call `on_partial` for each preview in the chunk."""
    from dhenara.ai.types import OtherContentDelta, StreamingChatResponse

    for choice in chunk.data.choice_deltas if isinstance(chunk, StreamingChatResponse) else ():
        for delta in choice.content_deltas:
            if isinstance(delta, OtherContentDelta) and delta.kind == "image" and delta.data_delta:
                on_partial(ImageContent.from_bytes(b64decode(delta.data_delta)))


def final_image(error: DhenaraError | None, final: AIModelCallResponse) -> ImageResponse:
    """Return the image; raise the error of an interrupted stream."""
    if error is not None:
        raise error
    if final.image_response is None:
        raise BadAnswerError(PICTURELESS)
    return final.image_response


class FetchedImages:
    """Downloads the images of an answer. An image that cannot be downloaded stays as a URL, with a warning."""

    def __init__(self, client: AIModelClient, timeout: float | Timeouts | None, answer: OperationResult) -> None:
        response = answer.image_response if isinstance(answer, AIModelCallResponse) else answer
        self._client, self._timeout = client, timeout
        # Most image APIs do not return the model name.
        model = client.model_endpoint.ai_model.model_name
        self._response = response if response.model else response.model_copy(update={"model": model})
        self._downloaded: dict[int, GeneratedImage] = {}
        self._warnings: list[CallWarning] = []
        self.missing = [image for image in response.images if image.data is None and image.url]

    def download(self) -> ImageResponse:
        """Download what is missing and return the response."""
        for image in self.missing:
            try:
                self.record_image(image, self._client.download(image, timeout=self._timeout))
            except DhenaraError as error:
                self.record_failure(image, error)
        return self.response()

    async def download_async(self) -> ImageResponse:
        """The async form."""
        for image in self.missing:
            try:
                self.record_image(image, await self._client.download_async(image, timeout=self._timeout))
            except DhenaraError as error:
                self.record_failure(image, error)
        return self.response()

    def record_image(self, image: GeneratedImage, downloaded: GeneratedImage) -> None:
        self._downloaded[id(image)] = downloaded

    def record_failure(self, image: GeneratedImage, error: DhenaraError) -> None:
        message = f"the image could not be downloaded and is available at {image.url}: {error}"
        self._warnings.append(CallWarning(code="provider_warning", message=message))

    def response(self) -> ImageResponse:
        if not self.missing:
            return self._response
        images = [self._downloaded.get(id(image), image) for image in self._response.images]
        return self._response.model_copy(
            update={"images": images, "warnings": [*self._response.warnings, *self._warnings]}
        )


def prepare_operation(
    client: AIModelClient, operation: str, arguments: Arguments, options: Options
) -> AnyCall[OperationResult]:
    """Return the call of an operation; that of `image` becomes `FetchedImages`, which may have to be downloaded.

    Args:
        client: The client of the model.
        operation: The name of the method.
        arguments: Its positional arguments.
        options: Its options.
    """
    if operation == "image":
        return PreparedCall(image_sender(client, arguments, options), image_reader(client, options))
    return PreparedCall(partial(getattr(client, operation), *arguments, **options), unchanged)


def prepare_operation_async(
    client: AIModelClient, operation: str, arguments: Arguments, options: Options
) -> AnyAsyncCall[OperationResult]:
    """Return the call of an operation for async code."""
    if operation == "image":
        send = image_sender(client, arguments, options, is_async=True)
        return PreparedAsyncCall(send, image_reader(client, options))
    return PreparedAsyncCall(partial(getattr(client, f"{operation}_async"), *arguments, **options), unchanged)
