"""Content out of anything: paths, bytes, open files, addresses, words, and parts in any spelling."""

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
    """One part. A string that is an address and nothing else is what is there; any other string is words."""
    match anything:
        case Content():
            return anything  # type: ignore[return-value]  # every content there is, is an item
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
            f"a {kind} cannot be made into content: pass a path, bytes, an open file, an address, words or a part"
        ) from error


def media_of(data: bytes, name: str | None = None) -> ContentItem:
    """A picture, sound, film or file, as the bytes say."""
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
            f"{address} does not say what it is: use ImageContent.from_url(...), or the like of another kind"
        )
    return KINDS.get(mime_type.split("/")[0], FileContent).from_url(address)


@cache
def items() -> TypeAdapter[ContentItem]:
    return TypeAdapter(ContentItem)
