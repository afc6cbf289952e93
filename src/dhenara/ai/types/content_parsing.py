"""Conversion of paths, bytes, open files, URLs, text and provider-specific dicts to content parts."""

from __future__ import annotations

import re
from functools import cache
from pathlib import PurePath
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ..errors import ConfigurationError
from ..wire.mime_sniffing import from_name, is_youtube, sniff
from .content import ContentItem, TextContent
from .media import AudioContent, FileContent, ImageContent, VideoContent
from .part import Content
from .sources import SupportsRead, read_file, read_path
from .vendor_formats import read_part

ADDRESS = re.compile(r"(https?|gs|s3)://\S+|data:\S+", re.IGNORECASE)
KINDS: dict[str, type[ImageContent] | type[AudioContent] | type[VideoContent]] = {
    "image": ImageContent,
    "audio": AudioContent,
    "video": VideoContent,
}


def content_of(anything: Any) -> ContentItem:
    """Convert a value to a content part.

    Args:
        anything: Path, bytes, open file, string or content part. A string that is only a URL becomes the media at this
            URL; any other string becomes text.

    Returns:
        The content part.
    """
    match anything:
        case Content():
            return anything  # type: ignore[return-value]  # every Content subclass is a ContentItem
        case str():
            return media_at(anything) if ADDRESS.fullmatch(anything) else TextContent(text=anything)
        case bytes() | bytearray() | memoryview():
            return media_of(bytes(anything), None)
        case PurePath():
            return media_of(**read_path(anything))
        case SupportsRead():
            return media_of(**read_file(anything))
    try:
        return items().validate_python(read_part(anything))
    except ValidationError as error:
        kind = type(anything).__name__
        raise ConfigurationError(
            f"cannot convert {kind} to content. Pass a path, bytes, an open file, a URL, text or a content part"
        ) from error


def media_of(data: bytes, name: str | None = None) -> ContentItem:
    """Create an image, audio, video or file part, depending on the type that the bytes have."""
    mime_type = sniff(data, name)
    return KINDS.get(mime_type.split("/")[0], FileContent)(data=data, mime_type=mime_type, name=name)


def media_at(address: str) -> ContentItem:
    if address.startswith("data:"):
        kind = address[5:].split("/")[0]
        return KINDS.get(kind, FileContent).from_url(address)
    if is_youtube(address):
        return VideoContent(url=address)
    mime_type = from_name(address.split("?", 1)[0].split("#", 1)[0])
    if mime_type is None:
        raise ConfigurationError(
            f"cannot tell the media type of {address}. Use ImageContent.from_url(...) or another media class"
        )
    return KINDS.get(mime_type.split("/")[0], FileContent).from_url(address)


@cache
def items() -> TypeAdapter[ContentItem]:
    return TypeAdapter(ContentItem)
