"""Format, size and duration of an audio file, whether a provider accepts it, and errors of audio operations."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from dhenara.ai.integration import audio_type, read_wav

from ..exceptions import AIUtilitiesError

if TYPE_CHECKING:
    from dhenara.ai.types import TranscriptionResponse


class AudioProcessingError(AIUtilitiesError, ValueError):
    """The audio cannot be read, sent or converted."""


class UnfinishedTranscriptError(AIUtilitiesError):
    """Some pieces of a long recording could not be transcribed. The first failure is the cause of this error.

    `transcribe(..., resume=error)` sends the missing pieces only.

    Attributes:
        partial: The transcript of the other pieces, with times of the whole recording.
        missing: Start and end in seconds of each missing range; an end of None is unknown.

    Args:
        message: What failed.
        received: The transcript of each piece, by the hash of its audio data.
    """

    advice = "The rest is in `partial`; transcribe(..., resume=error) transcribes the missing pieces."

    def __init__(
        self,
        message: str,
        *,
        partial: TranscriptionResponse,
        missing: tuple[tuple[float, float | None], ...],
        received: Mapping[str, TranscriptionResponse],
    ) -> None:
        super().__init__(message)
        self.partial = partial
        self.missing = missing
        self.results = received
        """The transcript of each piece, by the hash of its audio data."""

    def __reduce__(self) -> tuple[object, ...]:
        return (restore_error, (str(self), self.partial, self.missing, dict(self.results)))


def restore_error(
    message: str,
    partial: TranscriptionResponse,
    missing: tuple[tuple[float, float | None], ...],
    received: Mapping[str, TranscriptionResponse],
) -> UnfinishedTranscriptError:
    """Rebuilds the error when it is copied or unpickled."""
    return UnfinishedTranscriptError(message, partial=partial, missing=missing, received=received)


DurationInfo = tuple[float | None, int | None, int | None]
NOTHING: DurationInfo = (None, None, None)
MPEG_1_LAYER_3 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
MPEG_2_LAYER_3 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
RATES = (44_100, 48_000, 32_000)


def read_flac_info(head: bytes, tail: bytes, size: int) -> DurationInfo:
    """Read a FLAC file: its first block contains the number of samples."""
    if len(head) < 26:
        return NOTHING
    packed = int.from_bytes(head[18:26], "big")
    rate, channels, samples = packed >> 44, (packed >> 41 & 7) + 1, packed & (1 << 36) - 1
    return (samples / rate if samples and rate else None), rate or None, channels


def read_ogg_info(head: bytes, tail: bytes, size: int) -> DurationInfo:
    """Read an Ogg file: its last page contains the number of samples; for Opus always at 48 kHz."""
    opus, vorbis = head.find(b"OpusHead"), head.find(b"\x01vorbis")
    last = tail.rfind(b"OggS")
    if last < 0 or len(tail) < last + 14 or (opus < 0 and vorbis < 0):
        return NOTHING
    samples = int.from_bytes(tail[last + 6 : last + 14], "little")
    if opus >= 0:
        skipped = int.from_bytes(head[opus + 10 : opus + 12], "little")
        return max(0, samples - skipped) / 48_000, 48_000, head[opus + 9]
    rate = int.from_bytes(head[vorbis + 12 : vorbis + 16], "little")
    return (samples / rate if rate else None), rate or None, head[vorbis + 11]


def read_mpeg_info(head: bytes, tail: bytes, size: int) -> DurationInfo:
    """Read an MP3 file: its first frame contains the number of frames, or the bit rate is constant."""
    at = 0
    if head.startswith(b"ID3") and len(head) > 10:
        at = 10 + sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
    while at + 4 <= len(head) and audio_type(head[at : at + 4]) != "audio/mpeg":
        at += 1
    frame = read_mpeg_frame(head[at : at + 4])
    if frame is None:
        return NOTHING
    bits, rate, channels, samples = frame
    first = head[at : at + 200]
    for mark in (b"Xing", b"Info"):
        tag_start = first.find(mark)
        if tag_start >= 0 and first[tag_start + 7] & 1:
            return int.from_bytes(first[tag_start + 8 : tag_start + 12], "big") * samples / rate, rate, channels
    return (size - at) * 8 / bits, rate, channels


def read_mpeg_frame(data: bytes) -> tuple[int, int, int, int] | None:
    """Return bits per second, samples per second, channels, and samples per frame of a layer 3 frame."""
    if len(data) < 4 or data[1] & 0x06 != 0x02:
        return None
    (word,) = struct.unpack(">I", data)
    version, rate_at = word >> 19 & 3, word >> 10 & 3
    if version == 1 or rate_at == 3:
        return None
    first = version == 3
    kilobits = (MPEG_1_LAYER_3 if first else MPEG_2_LAYER_3)[word >> 12 & 15] if word >> 12 & 15 < 15 else 0
    rate = RATES[rate_at] // (1 if first else 2 if version == 2 else 4)
    if not kilobits:
        return None
    return kilobits * 1000, rate, 1 if word >> 6 & 3 == 3 else 2, 1152 if first else 576


File = str | PathLike[str] | bytes
HEAD = 1 << 20
"""Number of bytes read from the start of a file."""

USUAL_LIMIT = 25 * 1024 * 1024
"""The limit of most providers for one request."""

READERS = {"audio/flac": read_flac_info, "audio/mpeg": read_mpeg_info, "audio/ogg": read_ogg_info}


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """Format, size and duration of an audio file. Fields that only a decoder could read are None.

    Attributes:
        mime_type: The format as a MIME type.
        size: Size of the file in bytes.
        seconds: Duration in seconds.
        rate: Samples per second.
        channels: Number of channels.
        bits: Bits of a sample.
    """

    mime_type: str
    size: int
    seconds: float | None = None
    rate: int | None = None
    channels: int | None = None
    bits: int | None = None


def read_audio_info(file: File) -> AudioInfo:
    """Read format, size and duration of an audio file from its headers.

    Args:
        file: A path, or the bytes.

    Returns:
        What the headers contain.

    Raises:
        AudioProcessingError: If the file cannot be read, is empty, or has no known audio format.
    """
    head, tail, size = read_ends(file)
    name = "the audio" if isinstance(file, bytes) else str(file)
    if not size:
        raise AudioProcessingError(f"{name} is empty")
    kind = audio_type(head)
    if kind is None:
        raise AudioProcessingError(f"{name} is not audio in a known format. Convert it to WAV, MP3, FLAC or Ogg.")
    if kind == "audio/wav":
        wav = read_wav(head, size)
        if wav is None:
            raise AudioProcessingError(f"{name} has the header of a WAV file, but contains no samples")
        return AudioInfo(kind, size, wav.seconds, wav.rate, wav.channels, wav.bits)
    reader = READERS.get(kind)
    seconds, rate, channels = reader(head, tail, size) if reader else (None, None, None)
    return AudioInfo(kind, size, seconds, rate, channels)


def check_audio(file: File, *, most_bytes: int | None = USUAL_LIMIT, most_seconds: float | None = None) -> AudioInfo:
    """Read an audio file as `read_audio_info` does, and check its size and duration.

    Args:
        file: A path, or the bytes.
        most_bytes: Largest allowed size in bytes; None for no limit (default 25 MiB).
        most_seconds: Longest allowed duration in seconds; None for no limit.

    Returns:
        What the headers contain.

    Raises:
        AudioProcessingError: If it is no audio, or above a limit.
    """
    info = read_audio_info(file)
    name = "the audio" if isinstance(file, bytes) else str(file)
    if most_bytes is not None and info.size > most_bytes:
        raise AudioProcessingError(
            f"{name} has {info.size / 1e6:.1f} MB; the limit is {most_bytes / 1e6:.1f} MB. "
            "Split it, or convert it to a smaller format."
        )
    if most_seconds is not None and info.seconds is not None and info.seconds > most_seconds:
        raise AudioProcessingError(f"{name} has {info.seconds:.0f} s; the limit is {most_seconds:.0f} s. Split it.")
    return info


def read_ends(file: File) -> tuple[bytes, bytes, int]:
    """Return the start of a file, its end, and its size."""
    if isinstance(file, bytes):
        return file[:HEAD], file[-65_536:], len(file)
    path = Path(file).expanduser()
    try:
        size = path.stat().st_size
        with path.open("rb") as opened:
            head = opened.read(HEAD)
            opened.seek(max(0, size - 65_536))
            return head, opened.read(), size
    except OSError as error:
        raise AudioProcessingError(f"cannot read the audio file {path}: {error.strerror}") from error
