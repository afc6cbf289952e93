"""Media types by content: from the first bytes, and from the file name where several types begin alike."""

from __future__ import annotations

import re

BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"%PDF-", "application/pdf"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xf1", "audio/aac"),
    (b"\xff\xf9", "audio/aac"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"\xff\xf3", "audio/mpeg"),
    (b"\xff\xf2", "audio/mpeg"),
    (b"fLaC", "audio/flac"),
    (b"OggS", "audio/ogg"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"FLV\x01", "video/x-flv"),
    (b"\x00\x00\x01\xba", "video/mpeg"),
    (b"{\\rtf", "application/rtf"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/msword"),
)
RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
BRANDS = {
    **dict.fromkeys((b"avif", b"avis"), "image/avif"),
    **dict.fromkeys((b"heic", b"heix", b"hevc", b"mif1", b"msf1"), "image/heic"),
    **dict.fromkeys((b"M4A ", b"M4B "), "audio/mp4"),
    b"qt  ": "video/quicktime",
    b"3gp4": "video/3gpp",
    b"3gp5": "video/3gpp",
}
OFFICE = "application/vnd.openxmlformats-officedocument."
ZIPPED = (
    (b"word/", f"{OFFICE}wordprocessingml.document"),
    (b"xl/", f"{OFFICE}spreadsheetml.sheet"),
    (b"ppt/", f"{OFFICE}presentationml.presentation"),
)
# Binary types with the same first bytes, and types of text, are distinguished by the file name.
NAMED_BINARY = {"xls": "application/vnd.ms-excel", "ppt": "application/vnd.ms-powerpoint", "mkv": "video/x-matroska"}
NAMED_TEXT = {
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "md": "text/markdown",
    "markdown": "text/markdown",
    "html": "text/html",
    "htm": "text/html",
    "xml": "application/xml",
    "json": "application/json",
    "jsonl": "application/jsonl",
    "yaml": "application/yaml",
    "yml": "application/yaml",
    "svg": "image/svg+xml",
    "js": "text/javascript",
    "css": "text/css",
    "py": "text/x-python",
}
NAMED_MEDIA = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "pdf": "application/pdf",
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "flac": "audio/flac",
    "ogg": "audio/ogg",
    "m4a": "audio/mp4",
    "mp4": "video/mp4",
    "mov": "video/quicktime",
    "webm": "video/webm",
    "avif": "image/avif",
    "heic": "image/heic",
    "bmp": "image/bmp",
    "tiff": "image/tiff",
    "txt": "text/plain",
}
TEXTUAL = ("json", "jsonl", "xml", "yaml", "x-yaml", "toml", "javascript", "sql", "x-sh", "x-python", "x-ndjson")
LOOKED_AT = 4_096


def sniff(data: bytes, name: str | None = None) -> str:
    """The media type of these bytes; `application/octet-stream` where nothing is known."""
    ending = extension(name)
    match = sniff_magic(data)
    if match is not None:
        return NAMED_BINARY.get(ending, match) if match in ("application/msword", "video/webm") else match
    if looks_like_text(data[:LOOKED_AT]):
        return NAMED_TEXT.get(ending, "text/plain")
    return "application/octet-stream"


def from_name(name: str | None) -> str | None:
    """What a name promises, for addresses whose bytes are elsewhere."""
    ending = extension(name)
    return NAMED_MEDIA.get(ending) or NAMED_TEXT.get(ending) or NAMED_BINARY.get(ending)


def is_text(mime_type: str | None) -> bool:
    """Whether people could read it as it is. Pictures drawn in XML are pictures."""
    kind, _, rest = (mime_type or "").split(";")[0].strip().lower().partition("/")
    return kind == "text" or (kind == "application" and (rest in TEXTUAL or rest.endswith(("+json", "+xml"))))


def sniff_magic(data: bytes) -> str | None:
    if data[:4] == b"RIFF":
        return RIFF.get(data[8:12])
    if data[4:8] == b"ftyp":
        return BRANDS.get(data[8:12], "video/mp4")
    if data[:4] == b"PK\x03\x04":
        return next((kind for mark, kind in ZIPPED if mark in data), "application/zip")
    return next((kind for beginning, kind in BEGINNINGS if data.startswith(beginning)), None)


def looks_like_text(sample: bytes) -> bool:
    if sample.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        return True
    try:
        sample.decode("utf-8")
    except UnicodeDecodeError as error:
        # The sample may end inside of a character.
        if error.start < len(sample) - 3:
            return False
    return not any(byte < 9 or 13 < byte < 27 for byte in sample)


def extension(name: str | None) -> str:
    last = (name or "").replace("\\", "/").rsplit("/", 1)[-1]
    return last.rsplit(".", 1)[-1].lower() if "." in last else ""


YOUTUBE = re.compile(r"https?://(((www|m)\.)?youtube\.com|youtu\.be)/", re.ASCII | re.IGNORECASE)


def is_youtube(address: str) -> bool:
    """Whether this is the page of a video at YouTube; such addresses do not end with a file type."""
    return YOUTUBE.match(address) is not None
