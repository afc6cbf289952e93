"""Media types from first bytes and file names, and the headers of images and recordings."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

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
    media_type = sniff_magic(data)
    if media_type is not None:
        return (
            NAMED_BINARY.get(ending, media_type) if media_type in ("application/msword", "video/webm") else media_type
        )
    if looks_like_text(data[:LOOKED_AT]):
        return NAMED_TEXT.get(ending, "text/plain")
    return "application/octet-stream"


def from_name(name: str | None) -> str | None:
    """What a name promises, for addresses whose bytes are elsewhere."""
    ending = extension(name)
    return NAMED_MEDIA.get(ending) or NAMED_TEXT.get(ending) or NAMED_BINARY.get(ending)


def suffix_of(mime_type: str | None) -> str:
    """The usual suffix of files of a media type, such as `.png`; empty if it is unknown."""
    plain = (mime_type or "").split(";")[0].strip().lower()
    plain = OTHER_NAMES.get(plain, plain)
    office = zip(("docx", "xlsx", "pptx"), (kind for _, kind in ZIPPED), strict=True)
    names = (*NAMED_MEDIA.items(), *NAMED_TEXT.items(), *NAMED_BINARY.items(), *office)
    return SUFFIXES.get(plain) or next((f".{ending}" for ending, kind in names if kind == plain), "")


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


IMAGE_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
# Start-of-frame markers of JPEG: those that are followed by height and width.
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def image_type(data: bytes) -> str | None:
    """The kind of picture; None for what is not known as one."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for signature, kind in IMAGE_SIGNATURES if data.startswith(signature)), None)


def image_size(data: bytes) -> tuple[int, int] | None:
    """Width and height in pixels, where the head of the file tells."""
    kind = image_type(data)
    try:
        if kind == "image/png":
            width, height = struct.unpack(">II", data[16:24])
        elif kind == "image/gif":
            width, height = struct.unpack("<HH", data[6:10])
        elif kind == "image/webp":
            return webp_size(data)
        elif kind == "image/jpeg":
            return jpeg_size(data)
        else:
            return None
    except (struct.error, IndexError):
        return None
    return width, height


def jpeg_size(data: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in FRAMES:
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        at += 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]
    return None


def webp_size(data: bytes) -> tuple[int, int] | None:
    kind = data[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if kind == b"VP8L":
        packed = int.from_bytes(data[21:25], "little")
        return 1 + (packed & 0x3FFF), 1 + (packed >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        width, height = struct.unpack("<HH", data[26:30])
        return width & 0x3FFF, height & 0x3FFF
    return None


AUDIO_SIGNATURES = (
    (b"ID3", "audio/mpeg"),
    (b"fLaC", "audio/flac"),
    (b"OggS", "audio/ogg"),
    (b"\x1aE\xdf\xa3", "audio/webm"),
    (b"\xff\xf1", "audio/aac"),
    (b"\xff\xf9", "audio/aac"),
)
SUFFIXES = {
    "audio/mpeg": ".mp3",
    "audio/wav": ".wav",
    "audio/flac": ".flac",
    "audio/ogg": ".ogg",
    "audio/webm": ".webm",
    "audio/aac": ".aac",
    "audio/mp4": ".m4a",
    "audio/aiff": ".aiff",
    "audio/pcm": ".pcm",
}
OTHER_NAMES = {
    "audio/mp3": "audio/mpeg",
    "audio/x-wav": "audio/wav",
    "audio/wave": "audio/wav",
    "audio/vnd.wave": "audio/wav",
    "audio/opus": "audio/ogg",
    "audio/x-flac": "audio/flac",
    "audio/x-m4a": "audio/mp4",
    "audio/m4a": "audio/mp4",
}


def audio_type(data: bytes) -> str | None:
    """The kind of sound; None for what is not known as one."""
    if data[:4] in (b"RIFF", b"RF64") and data[8:12] == b"WAVE":
        return "audio/wav"
    if data[4:8] == b"ftyp":
        return "audio/mp4"
    if data[:4] == b"FORM" and data[8:12] in (b"AIFF", b"AIFC"):
        return "audio/aiff"
    media_type = next((kind for signature, kind in AUDIO_SIGNATURES if data.startswith(signature)), None)
    return media_type or ("audio/mpeg" if is_mpeg_frame(data[:4]) else None)


def is_mpeg_frame(head: bytes) -> bool:
    """Eleven set bits, a layer, a bit rate and a sample rate that exist."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return False
    return head[1] & 0x06 != 0 and head[2] & 0xF0 != 0xF0 and head[2] & 0x0C != 0x0C


def canonical_audio_type(mime_type: str) -> str:
    """One name for each kind, without parameters."""
    bare = mime_type.partition(";")[0].strip().lower()
    return OTHER_NAMES.get(bare, bare)


EXTENSIBLE = 0xFFFE
"""The format code follows later in the header (WAVE_FORMAT_EXTENSIBLE)."""


@dataclass(frozen=True, slots=True)
class Wav:
    """How the samples of a WAV file are written, and where they are in it."""

    rate: int
    channels: int
    bits: int
    format: int
    start: int
    size: int

    @property
    def frame(self) -> int:
        """Bytes of one moment, all channels."""
        return max(1, self.channels * self.bits // 8)

    @property
    def seconds(self) -> float:
        return self.size / self.frame / self.rate


def read_wav(head: bytes, length: int | None = None) -> Wav | None:
    """The format out of the beginning of a file of this length; None for what is no WAV.

    Files written while they were streamed have no size in their header: then it is the size of the data.
    """
    whole = len(head) if length is None else length
    if audio_type(head) != "audio/wav":
        return None
    at, data = 12, None
    while at + 8 <= len(head):
        name, size = struct.unpack_from("<4sI", head, at)
        if name == b"fmt " and at + 24 <= len(head):
            data = struct.unpack_from("<HHIIHH", head, at + 8)
            if data[0] == EXTENSIBLE and size >= 26 and at + 34 <= len(head):
                data = (*struct.unpack_from("<H", head, at + 32), *data[1:])
        if name == b"data" and data is not None and data[1] and data[2] and data[5]:
            known = min(size, whole - at - 8)
            return Wav(data[2], data[1], data[5], data[0], at + 8, max(0, known))
        at += 8 + size + size % 2
    return None


def write_wav(samples: bytes, rate: int, channels: int = 1, bits: int = 16, kind: int = 1) -> bytes:
    """A WAV file of these samples, little-endian as they are."""
    frame = channels * bits // 8
    data = struct.pack("<HHIIHH", kind, channels, rate, rate * frame, frame, bits)
    head = b"RIFF" + struct.pack("<I", 36 + len(samples)) + b"WAVEfmt " + struct.pack("<I", len(data)) + data
    return head + b"data" + struct.pack("<I", len(samples)) + samples
