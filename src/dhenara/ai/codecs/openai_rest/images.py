"""Pictures as OpenAI and those who follow it draw them: new ones, edits and variations, streamed where offered."""

from __future__ import annotations

from typing import Any

from ...errors import CallError, UnsupportedError
from ...types.call import Call
from ...types.content import ImageContent
from ...wire import json
from ...wire.frame import Frames
from ...wire.http import Head
from ...wire.multipart import Field, FilePart, Multipart
from ...wire.pictures import mime_of
from ...wire.sse import SseFrames
from ..base import Outgoing, Reading
from ..failure import parse_body
from ..image import Drawing, as_url, picture_bytes, read_drawing
from ..openai_chat.codec import read_error
from ..operation_quirks import ImageQuirks
from .image_reader import ImageReader

Wire = dict[str, Any]


PRICELESS = ("model", "prompt", "n", "user", "seed", "stream", "response_format", "partial_images")


class OpenAIImages:
    """Stateless; one is enough."""

    name = "openai_rest.images"

    def encode(self, call: Call, quirks: ImageQuirks) -> Outgoing:
        return write(call, quirks)

    def frames(self) -> Frames:
        return SseFrames()

    def decoder(self, quirks: ImageQuirks) -> ImageReader:
        return ImageReader()

    def error(self, head: Head, body: bytes) -> CallError:
        return read_error(head, parse_body(body))


def write(call: Call, quirks: ImageQuirks) -> Outgoing:
    drawing = read_drawing(call)
    fields = write_fields(call, quirks, drawing)
    reading = Reading(ImageReader(int(fields.get("n") or 1), pricing_options(fields)))
    if not drawing.pictures and drawing.request.make == "new":
        if drawing.request.mask is not None:
            raise UnsupportedError("a mask says where a picture may change, and there is no picture in the prompt")
        return Outgoing(quirks.path, fields, {}, drawing.warnings.all(), reading=reading)
    return write_change(call, quirks, drawing, fields, reading)


def pricing_options(fields: Wire) -> Wire:
    """What may decide the price of a picture: every option but those that say who wants what how."""
    return {name: value for name, value in fields.items() if name not in PRICELESS and isinstance(value, str | int)}


def write_fields(call: Call, quirks: ImageQuirks, drawing: Drawing) -> Wire:
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
        drawing.warnings.unsupported("streaming", "the picture comes whole")
    return {**fields, **call.endpoint.ai_model.parameters, **config.options}


def write_change(call: Call, quirks: ImageQuirks, drawing: Drawing, fields: Wire, reading: Reading) -> Outgoing:
    """An edit or a variation of pictures that are sent along."""
    provider = str(call.endpoint.api.provider)
    varies = drawing.request.make == "variation"
    path = quirks.variations_path if varies else quirks.edits_path
    if path is None:
        raise UnsupportedError(f"{provider} makes no {'variations' if varies else 'edits'} of pictures")
    warnings = drawing.warnings.all()
    if quirks.pictures == "json":
        if drawing.request.mask is not None:
            raise UnsupportedError(f"{provider} takes no mask")
        return Outgoing(path, {**fields, **linked(drawing.pictures, quirks)}, {}, warnings, reading=reading)
    return Outgoing(path, {}, {}, warnings, payload=write_form(provider, drawing, fields), reading=reading)


def write_form(provider: str, drawing: Drawing, fields: Wire) -> Multipart:
    """Pictures as files, beside everything else as text."""
    many = len(drawing.pictures) > 1
    sent = [("image[]" if many else "image", picture) for picture in drawing.pictures]
    if drawing.request.mask is not None:
        sent.append(("mask", drawing.request.mask))
    said = [Field(name, spelled(value)) for name, value in fields.items()]
    files = [FilePart(name, picture_bytes(picture, provider), *named(picture, name)) for name, picture in sent]
    return Multipart((*said, *files))


def spelled(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value).decode()


def linked(pictures: tuple[ImageContent, ...], quirks: ImageQuirks) -> Wire:
    """Pictures as addresses, which may hold them whole."""
    links: list[Any] = [as_url(picture) for picture in pictures]
    if quirks.picture_shape == "object":
        links = [{"type": "image_url", "url": link} for link in links]
    return {quirks.picture_field: links[0]} if len(links) == 1 else {quirks.pictures_field: links}


def named(picture: ImageContent, stem: str) -> tuple[str, str]:
    """Name and kind of a file."""
    mime = picture.mime_type or mime_of(picture.data or b"") or "image/png"
    return picture.name or f"{stem.removesuffix('[]')}.{mime.partition('/')[2].partition('+')[0]}", mime


CODEC = OpenAIImages()
