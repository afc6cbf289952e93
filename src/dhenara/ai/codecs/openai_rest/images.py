"""Images: generation and editing, complete and streamed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from ...errors import CallError, UnsupportedError
from ...http.protocol.message import Field, FilePart, Head, Multipart
from ...types.chat.delta import Delta, ErrorDelta, MediaDelta, ResponseStart, ResultDelta, StreamEnd
from ...types.chat.usage import Usage
from ...types.config.call import Call
from ...types.content.parts import ImageContent
from ...types.operations.images import GeneratedImage, ImageResponse
from ...wire import json
from ...wire.media_types import image_type
from ...wire.sse import Frame, Frames, SseFrames
from ..base import EncodedRequest, ResponseFormat
from ..common.response_fields import (
    Report,
    TokenReport,
    Wire,
    count,
    invalid_counts,
    read_int,
    read_name,
    read_object,
    reported_cost,
    split_if_counted,
    usage_deltas,
)
from ..error_mapping import contains_error, parse_body
from ..openai_chat.response import read_error
from ..operations.media import ImagePrompt, image_bytes, image_url, read_image_prompt, read_images
from ..operations.quirks import ImageQuirks

FACTS = ("background", "quality", "size", "output_format", "created")
PRICED = ("quality", "size")
"""Options in the answer that may determine the price."""


class ImageReader:
    """Decodes one response. `expected` is the number of requested images: a stream has no other end marker."""

    __slots__ = ("_expected", "_made", "_options")

    def __init__(self, expected: int = 1, options: Mapping[str, Any] | None = None) -> None:
        self._expected = expected
        self._options = dict(options or {})
        self._made: list[GeneratedImage] = []

    def whole(self, body: Any) -> Iterator[Delta]:
        if not body.get("data") and contains_error(body):
            yield ErrorDelta(read_error(Head(0), body))
            return
        if not body["data"]:
            raise ValueError("the response contains no images")
        self._made.extend(read_images(body["data"], mime_type_of(body)))
        yield from self._read_images(body)
        yield StreamEnd()

    def frame(self, frame: Frame) -> Iterable[Delta]:
        data = frame.data.strip()
        if data == b"[DONE]":
            return (StreamEnd(),)
        event = (json.loads(data) if data else None) or {}
        kind = str(event.get("type", ""))
        if kind.endswith(".partial_image"):
            part = f"partial{event.get('partial_image_index', 0)}"
            return (MediaDelta(part, "image", event["b64_json"], mime_type_of(event)),)
        if kind.endswith(".completed"):
            return self._completed(event)
        if kind == "error" or event.get("error"):
            return (ErrorDelta(read_error(Head(0), event)),)
        return ()

    def finish(self) -> Iterable[Delta]:
        return ()

    def _completed(self, event: Any) -> Iterator[Delta]:
        self._made.extend(read_images([event], mime_type_of(event)))
        yield from self._read_images(event)
        if len(self._made) >= self._expected:
            yield StreamEnd()

    def _read_images(self, body: Any) -> Iterator[Delta]:
        yield ResponseStart(
            read_name(body, "id"),
            read_name(body, "model"),
            {name: body[name] for name in FACTS if body.get(name)} or None,
        )
        # The answer says what `auto` and unset options became.
        used = {**self._options, **{name: body[name] for name in PRICED if body.get(name)}}
        yield from usage_deltas(read_usage(read_object(body, "usage"), len(self._made), used))
        yield ResultDelta(ImageResponse(images=list(self._made)))


def mime_type_of(body: Any) -> str | None:
    kind = body.get("output_format")
    return {"svg": "image/svg+xml"}.get(kind, f"image/{kind}") if kind else None


def read_usage(report: Report, made: int, options: dict[str, Any]) -> Usage:
    """Convert the report; output tokens are image tokens unless it says otherwise."""
    data, drawn = read_object(report, "input_tokens_details"), read_object(report, "output_tokens_details")
    words = read_int(drawn, "text_tokens")
    buckets = split_if_counted(
        TokenReport(
            count(report, "input_tokens"),
            count(report, "output_tokens"),
            count(report, "total_tokens"),
            read={"input_image_tokens": read_int(data, "image_tokens")},
            made={"text_tokens": words},
        )
    )
    counts = dict(buckets.counts)
    pixels, texts = counts.pop("output_tokens", 0), counts.pop("text_tokens", 0)
    return Usage.model_validate(
        {
            "output_image_tokens": pixels,
            "output_tokens": texts,
            **counts,
            "units": {"images": float(made)},
            "counted": ("images",),
            "options": options,
            "reported_cost": reported_cost(report),
            "unclear": (*buckets.unclear, *invalid_counts(report)),
            "raw": dict(report),
        }
    )


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
    made, options = int(fields.get("n") or 1), {**quirks.price_options, **pricing_options(fields)}
    response_format = ResponseFormat(ImageReader(made, options))
    expected = Usage(units={"images": float(made)}, counted=("images",), options=options)
    if not drawing.pictures and drawing.request.make == "new":
        if drawing.request.mask is not None:
            raise UnsupportedError("a mask needs an image to edit. Add an image to the prompt")
        encoded = EncodedRequest(quirks.path, fields, {}, drawing.warnings.all(), response_format=response_format)
    else:
        encoded = write_change(call, quirks, drawing, fields, response_format)
    return replace(encoded, expected_usage=expected)


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
    fields_written = [Field(name, form_value(value)) for name, value in fields.items()]
    files = [FilePart(name, image_bytes(picture, provider), *image_filename(picture, name)) for name, picture in sent]
    return Multipart((*fields_written, *files))


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
