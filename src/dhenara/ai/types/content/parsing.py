"""Conversion of paths, bytes, open files, URLs, text and dicts (ours or a vendor's) to content parts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import PurePath
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ...errors import ConfigurationError
from ...wire.media_types import from_name, is_youtube, sniff
from ..model_base import FrozenModel, model_fields
from .media import AudioContent, Content, FileContent, ImageContent, SupportsRead, VideoContent, read_file, read_path
from .parts import ContentItem, TextContent
from .vendor_parts_by_key import read_bedrock, read_gemini
from .vendor_parts_by_type import ANTHROPIC_READERS, COHERE_READERS, MISTRAL_READERS, OPENAI_READERS

Reader = Callable[[Mapping[str, Any]], "dict[str, Any] | None"]
READERS: tuple[Mapping[str, Reader], ...] = (OPENAI_READERS, ANTHROPIC_READERS, MISTRAL_READERS, COHERE_READERS)
"""Readers by the `type` of a part; each returns None for a part that is not its vendor's."""


def read_typed(part: Mapping[str, Any]) -> dict[str, Any] | None:
    """Read a part with a type; None if it is not in the format of a vendor."""
    kind = str(part["type"])
    read = (readers[kind](part) for readers in READERS if kind in readers)
    return next((one for one in read if one is not None), None)


def read_keyed(part: Mapping[str, Any]) -> dict[str, Any] | None:
    """Read a part whose key is its type, as Google and Amazon write them; None for any other."""
    return read_gemini(part) or read_bedrock(part)


MARKS = ("cache_control", "prompt_cache_breakpoint")
OURS_ONLY = frozenset(("audio", "video", "tool_call", "generic"))
"""Types of ours that no vendor format has."""


def read_parts(given: Any) -> list[Any]:
    """Read strings, paths, bytes, files, content parts, and dicts in our own or a vendor's format."""
    if isinstance(given, str | bytes | bytearray | memoryview) or not isinstance(given, Sequence):
        return [read_part(given)]
    return [read_part(part) for part in given]


def read_part(part: Any) -> Any:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    if not isinstance(part, Mapping):
        return part if isinstance(part, FrozenModel) else read_object(part)
    if any(mark in part for mark in MARKS):
        return mark_part(read_part({key: value for key, value in part.items() if key not in MARKS}), part)
    if "type" not in part:
        return read_untyped(part)
    if not isinstance(part["type"], str):
        return dict(part)  # refused where the part is made
    if part["type"] in OURS_ONLY or (part["type"] == "text" and "citations" not in part):
        return without_none(part)
    content = read_typed(part)
    return without_none(part) if content is None else read_inner(content)


def without_none(part: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that have a value; SDKs write None for all others."""
    return {name: value for name, value in part.items() if value is not None}


def read_untyped(part: Mapping[str, Any]) -> dict[str, Any]:
    """Read a part without a type, as Google and Amazon write them: its key is the type."""
    content = read_keyed(part)
    return dict(part) if content is None else read_inner(content)


def read_inner(part: dict[str, Any]) -> dict[str, Any]:
    """Read the parts of a tool result, which its reader left in the format of the vendor."""
    return {**part, "contents": read_parts(part["contents"])} if "contents" in part else part


def read_object(given: Any) -> Any:
    """Read an object of a vendor's SDK, or a source of content."""
    fields = model_fields(given)
    return read_source(given) if fields is None else read_part(fields)


def read_source(given: Any) -> Any:
    """Read paths, bytes and open files; leave other values to validation."""
    if not (isinstance(given, bytes | bytearray | memoryview | PurePath) or hasattr(given, "read")):
        return given
    return content_of(given)


def mark_part(part: Any, given: Mapping[str, Any]) -> Any:
    """Copy the cache marker of the vendor format into the part."""
    marks = {mark: given[mark] for mark in MARKS if given.get(mark) is not None}
    return {**part, "extras": {**part.get("extras", {}), **marks}} if marks else part


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

    Raises:
        ConfigurationError: If the value cannot be converted, or a file cannot be read.
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
