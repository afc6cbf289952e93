"""Media sources: paths, open files and data URLs, read into bytes with name and media type."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path, PurePath
from typing import Any, Protocol, runtime_checkable
from urllib.parse import unquote_to_bytes

from ..errors import ConfigurationError

NAMES = {"image/": "a picture", "audio/": "sound", "video/": "a film"}


@runtime_checkable
class SupportsRead(Protocol):
    """An open binary file, or any object with a `read` method."""

    def read(self) -> bytes | str: ...


def read_path(path: str | PurePath) -> dict[str, Any]:
    """Read the file; the name is that of the file without folders."""
    place = Path(path)
    try:
        return {"data": place.read_bytes(), "name": place.name}
    except OSError as error:
        raise ConfigurationError(f"{place} cannot be read: {error.strerror or error}") from error


def read_file(file: SupportsRead) -> dict[str, Any]:
    data = file.read()
    name = getattr(file, "name", None)
    named = {"name": Path(name).name} if isinstance(name, str) else {}
    return {"data": data.encode() if isinstance(data, str) else bytes(data), **named}


def read_data_url(url: str) -> dict[str, Any]:
    head, comma, text = url.removeprefix("data:").partition(",")
    kind, *more = head.split(";")
    try:
        if not comma:
            raise ValueError("it has no comma")
        data = base64.b64decode(text, validate=True) if "base64" in more else unquote_to_bytes(text)
    except (ValueError, binascii.Error) as error:
        raise ConfigurationError(f"a data URL cannot be read: {error}") from error
    return {"data": data, "mime_type": kind or "text/plain"}


def matching_type(mime_type: str, kind: str, name: str | None) -> str:
    """Return the media type if it matches the class of the part. Ogg and MP4 may be audio or video."""
    if mime_type.startswith(kind) or mime_type == "application/octet-stream":
        return mime_type
    subtype = mime_type.split("/")[-1]
    if kind in ("audio/", "video/") and subtype in ("ogg", "mp4", "webm", "mpeg", "3gpp"):
        return kind + subtype
    raise ConfigurationError(
        f"{name or 'the data'} is {mime_type}, not {NAMES[kind]}. Use content_of(...) to create the matching part"
    )
