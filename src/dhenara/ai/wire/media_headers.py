"""Types, sizes and formats from the first bytes of images and recordings; WAV headers read and written."""

from __future__ import annotations

import struct
from dataclasses import dataclass

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
    match = next((kind for signature, kind in AUDIO_SIGNATURES if data.startswith(signature)), None)
    return match or ("audio/mpeg" if is_mpeg_frame(data[:4]) else None)


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

    Files written while they were streamed do not know their size: then it is what there is.
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
