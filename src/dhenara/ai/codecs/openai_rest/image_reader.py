"""Image responses: complete, and streams with partial images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ...types.delta import Delta, ErrorDelta, MediaDelta, ResponseStart, ResultDelta, StreamEnd
from ...types.image import GeneratedImage, ImageResponse
from ...types.usage import Usage
from ...wire import json
from ...wire.frame import Frame
from ...wire.http import Head
from ..image import read_images
from ..int_fields import Report, count, read_int, read_object, unreadable, used
from ..json_fields import read_name
from ..openai_chat.codec import read_error
from ..operation import says_why
from ..reported_cost import reported_cost
from ..token_buckets import Report as Counted, split_if_counted

FACTS = ("background", "quality", "size", "output_format", "created")


class ImageReader:
    """Decodes one response. `expected` is the number of requested images: a stream has no other end marker."""

    __slots__ = ("_expected", "_made", "_options")

    def __init__(self, expected: int = 1, options: Mapping[str, Any] | None = None) -> None:
        self._expected = expected
        self._options = dict(options or {})
        self._made: list[GeneratedImage] = []

    def whole(self, body: Any) -> Iterator[Delta]:
        if not body.get("data") and says_why(body):
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
        yield from used(read_usage(read_object(body, "usage"), len(self._made), self._options))
        yield ResultDelta(ImageResponse(images=list(self._made)))


def mime_type_of(body: Any) -> str | None:
    kind = body.get("output_format")
    return {"svg": "image/svg+xml"}.get(kind, f"image/{kind}") if kind else None


def read_usage(report: Report, made: int, options: dict[str, Any]) -> Usage:
    """Convert the report; output tokens are image tokens unless it says otherwise."""
    data, drawn = read_object(report, "input_tokens_details"), read_object(report, "output_tokens_details")
    words = read_int(drawn, "text_tokens")
    match = split_if_counted(
        Counted(
            count(report, "input_tokens"),
            count(report, "output_tokens"),
            count(report, "total_tokens"),
            read={"input_image_tokens": read_int(data, "image_tokens")},
            made={"text_tokens": words},
        )
    )
    counts = dict(match.counts)
    pixels, texts = counts.pop("output_tokens", 0), counts.pop("text_tokens", 0)
    return Usage.construct_unchecked(
        output_image_tokens=pixels,
        output_tokens=texts,
        **counts,
        units={"images": float(made)},
        options=options,
        reported_cost=reported_cost(report),
        unclear=(*match.unclear, *unreadable(report)),
        raw=dict(report),
    )
