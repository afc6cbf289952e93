"""Image generation, edits and variations in OpenAI's format, streamed if supported."""

from __future__ import annotations

from typing import Any

from ...errors import CallError, UnsupportedError
from ...types.call import Call
from ...types.content import ImageContent
from ...wire import json
from ...wire.frame import Frames
from ...wire.http import Head
from ...wire.image_headers import image_type
from ...wire.multipart import Field, FilePart, Multipart
from ...wire.sse import SseFrames
from ..base import EncodedRequest, ResponseFormat
from ..failure import parse_body
from ..image import ImagePrompt, image_bytes, image_url, read_image_prompt
from ..openai_chat.codec import read_error
from ..operation_quirks import ImageQuirks
from .image_reader import ImageReader

Wire = dict[str, Any]


PRICELESS = ("model", "prompt", "n", "user", "seed", "stream", "response_format", "partial_images")


class OpenAIImages:
    """Stateless codec; one instance is enough."""

    name = "openai_rest.images"

    def encode(self, call: Call, quirks: ImageQuirks) -> EncodedRequest:
        return write(call, quirks)

    def frames(self) -> Frames:
        return SseFrames()

    def decoder(self, quirks: ImageQuirks) -> ImageReader:
        return ImageReader()

    def error(self, head: Head, body: bytes) -> CallError:
        return read_error(head, parse_body(body))


def write(call: Call, quirks: ImageQuirks) -> EncodedRequest:
    drawing = read_image_prompt(call)
    fields = write_fields(call, quirks, drawing)
    response_format = ResponseFormat(ImageReader(int(fields.get("n") or 1), pricing_options(fields)))
    if not drawing.pictures and drawing.request.make == "new":
        if drawing.request.mask is not None:
            raise UnsupportedError("a mask needs an image to edit. Add an image to the prompt")
        return EncodedRequest(quirks.path, fields, {}, drawing.warnings.all(), response_format=response_format)
    return write_change(call, quirks, drawing, fields, response_format)


def pricing_options(fields: Wire) -> Wire:
    """Return the options that may determine the price: all except prompt, user and format of transfer."""
    return {name: value for name, value in fields.items() if name not in PRICELESS and isinstance(value, str | int)}


def write_fields(call: Call, quirks: ImageQuirks, drawing: ImagePrompt) -> Wire:
    config = call.config
    fields: Wire = {"model": drawing.model, **quirks.defaults}
    if drawing.prompt and drawing.request.make == "new":
        fields["prompt"] = drawing.prompt
    wanted = {"n": config.n, "seed": config.seed, "user": config.user}
    for name, value in wanted.items():
        if value is not None and name in quirks.params:
            fields[quirks.params[name] or name] = value
        elif value is not None:
            drawing.warnings.unsupported(name)
    if config.streaming and quirks.streams:
        fields["stream"] = True
    elif config.streaming:
        drawing.warnings.unsupported("streaming", "images are not streamed")
    return {**fields, **call.endpoint.ai_model.parameters, **config.options}


def write_change(
    call: Call, quirks: ImageQuirks, drawing: ImagePrompt, fields: Wire, response_format: ResponseFormat
) -> EncodedRequest:
    """Encode an edit or a variation of images that are sent along."""
    provider = str(call.endpoint.api.provider)
    varies = drawing.request.make == "variation"
    path = quirks.variations_path if varies else quirks.edits_path
    if path is None:
        raise UnsupportedError(f"{provider} supports no {'variations' if varies else 'edits'} of images")
    warnings = drawing.warnings.all()
    if quirks.pictures == "json":
        if drawing.request.mask is not None:
            raise UnsupportedError(f"{provider}: masks are not supported")
        return EncodedRequest(
            path, {**fields, **image_links(drawing.pictures, quirks)}, {}, warnings, response_format=response_format
        )
    return EncodedRequest(
        path, {}, {}, warnings, payload=write_form(provider, drawing, fields), response_format=response_format
    )


def write_form(provider: str, drawing: ImagePrompt, fields: Wire) -> Multipart:
    """Encode images as form files, and everything else as form text."""
    many = len(drawing.pictures) > 1
    sent = [("image[]" if many else "image", picture) for picture in drawing.pictures]
    if drawing.request.mask is not None:
        sent.append(("mask", drawing.request.mask))
    text = [Field(name, form_value(value)) for name, value in fields.items()]
    files = [FilePart(name, image_bytes(picture, provider), *image_filename(picture, name)) for name, picture in sent]
    return Multipart((*text, *files))


def form_value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value).decode()


def image_links(pictures: tuple[ImageContent, ...], quirks: ImageQuirks) -> Wire:
    """Encode images as URLs, including data URLs."""
    links: list[Any] = [image_url(picture) for picture in pictures]
    if quirks.picture_shape == "object":
        links = [{"type": "image_url", "url": link} for link in links]
    return {quirks.picture_field: links[0]} if len(links) == 1 else {quirks.pictures_field: links}


def image_filename(picture: ImageContent, stem: str) -> tuple[str, str]:
    """Return file name and media type."""
    mime = picture.mime_type or image_type(picture.data or b"") or "image/png"
    return picture.name or f"{stem.removesuffix('[]')}.{mime.partition('/')[2].partition('+')[0]}", mime


CODEC = OpenAIImages()
