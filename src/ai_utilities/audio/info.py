"""What a sound file is, told by its content: kind, size, length, channels. Names are not believed."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from dhenara.ai.dataclass import dataclass
from dhenara.ai.types.sound_files import audio_type, read_wav

from .durations import read_flac_info, read_mpeg_info, read_ogg_info
from .errors import AudioProcessingError

File = str | PathLike[str] | bytes
HEAD = 1 << 20
"""As much of a file as is looked at; ends of Ogg files beside it."""

USUAL_LIMIT = 25 * 1024 * 1024
"""What most hosts take in one request."""

READERS = {"audio/flac": read_flac_info, "audio/mpeg": read_mpeg_info, "audio/ogg": read_ogg_info}


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """`seconds`, `rate` and `channels` are None where only a decoder could tell."""

    mime_type: str
    size: int
    seconds: float | None = None
    rate: int | None = None
    channels: int | None = None
    bits: int | None = None


def read_audio_info(file: File) -> AudioInfo:
    """What is in this file, or an error that says why it is no sound."""
    head, tail, size = read_ends(file)
    name = "the sound" if isinstance(file, bytes) else str(file)
    if not size:
        raise AudioProcessingError(f"{name} is empty")
    kind = audio_type(head)
    if kind is None:
        raise AudioProcessingError(f"{name} is no sound that is known here, whatever it may be called")
    if kind == "audio/wav":
        wav = read_wav(head, size)
        if wav is None:
            raise AudioProcessingError(f"{name} begins like a WAV file, and has no samples in it")
        return AudioInfo(kind, size, wav.seconds, wav.rate, wav.channels, wav.bits)
    reader = READERS.get(kind)
    seconds, rate, channels = reader(head, tail, size) if reader else (None, None, None)
    return AudioInfo(kind, size, seconds, rate, channels)


def check_audio(file: File, *, most_bytes: int | None = USUAL_LIMIT, most_seconds: float | None = None) -> AudioInfo:
    """The same, or an error where it is larger or longer than it may be."""
    info = read_audio_info(file)
    name = "the sound" if isinstance(file, bytes) else str(file)
    if most_bytes is not None and info.size > most_bytes:
        raise AudioProcessingError(
            f"{name} has {info.size / 1e6:.1f} MB, and {most_bytes / 1e6:.1f} MB are allowed: "
            "split it, or convert it to a smaller format"
        )
    if most_seconds is not None and info.seconds is not None and info.seconds > most_seconds:
        raise AudioProcessingError(f"{name} lasts {info.seconds:.0f} s, and {most_seconds:.0f} s are allowed: split it")
    return info


def read_ends(file: File) -> tuple[bytes, bytes, int]:
    """The beginning of a file, its end, and its size."""
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
        raise AudioProcessingError(f"the sound {path} cannot be read: {error.strerror}") from error
