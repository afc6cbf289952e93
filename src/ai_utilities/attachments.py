"""Converts files of a prompt: a path, bytes, a URL, or a content object of the engine."""

from __future__ import annotations

import mimetypes
from os import PathLike
from pathlib import Path
from typing import Any

from .exceptions import ProviderConfigurationError

SIGNATURES = {
    b"\x89PNG": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"%PDF": "application/pdf",
    b"ID3": "audio/mpeg",
    b"fLaC": "audio/flac",
    b"OggS": "audio/ogg",
}
MEDIA = ("image", "audio", "video")
TEXT = ("text/", "application/json", "application/xml", "application/x-yaml", "application/toml")


def read_file(given: Any) -> Any:
    """One file as a content part of a message."""
    if isinstance(given, bytes | bytearray):
        return part(bytes(given), None)
    if isinstance(given, str) and given.startswith(("http://", "https://")):
        return part_from_url(given)
    if isinstance(given, str | PathLike):
        path = Path(given).expanduser()
        try:
            return part(path.read_bytes(), path.name)
        except OSError as error:
            raise ProviderConfigurationError(f"cannot read the file {path}: {error.strerror}") from error
    return given


def part(data: bytes, name: str | None) -> dict[str, Any]:
    """A content part; the media type comes from the bytes if recognized, else from the file name."""
    mime = sniff_text_type(data) or (name and mimetypes.guess_type(name)[0]) or ""
    if mime.startswith(TEXT) or (not mime and is_text(data)):
        return {"type": "text", "text": f"{name}:\n{data.decode()}" if name else data.decode()}
    kind = mime.partition("/")[0]
    return {
        "type": kind if kind in MEDIA else "file",
        "data": data,
        "mime_type": mime or "application/octet-stream",
        "name": name,
    }


def part_from_url(url: str) -> dict[str, Any]:
    kind = (mimetypes.guess_type(url.partition("?")[0])[0] or "").partition("/")[0]
    return {"type": kind if kind in MEDIA else "file", "url": url}


def sniff_text_type(data: bytes) -> str | None:
    if data[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(data[8:12])
    return next((mime for start, mime in SIGNATURES.items() if data.startswith(start)), None)


def is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in data
