"""Converts audio to another format, and splits WAV recordings into pieces."""

from __future__ import annotations

import shutil
import subprocess
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import BinaryIO

from dhenara.ai.integration import Wav, read_wav, write_wav

from .info import AudioProcessingError

# Formats that ffmpeg writes without seeking back, and its own names for them.
CONTAINERS = {"wav": "wav", "mp3": "mp3", "flac": "flac", "ogg": "ogg", "opus": "opus", "aac": "adts", "pcm": "s16le"}
LONGEST = 600.0


def convert_audio(
    file: str | PathLike[str] | bytes,
    to: str = "wav",
    *,
    rate: int | None = None,
    channels: int | None = None,
    timeout: float = LONGEST,
) -> bytes:
    """The same sound in another format; `rate` in samples a second. Speech is well understood at 16000, one channel."""
    container = CONTAINERS.get(to.lower().removeprefix("."))
    if container is None:
        raise AudioProcessingError(f"there is no format {to!r} here; there are: {', '.join(CONTAINERS)}")
    program = shutil.which("ffmpeg")
    if program is None:
        raise AudioProcessingError(
            "converting sound needs ffmpeg, and it is not installed: get it from https://ffmpeg.org/download.html "
            "(apt install ffmpeg, brew install ffmpeg), or give the sound in a format that the provider takes"
        )
    given, source = (file, "pipe:0") if isinstance(file, bytes) else (None, str(Path(file).expanduser()))
    wanted = [*(["-ar", str(rate)] if rate else []), *(["-ac", str(channels)] if channels else [])]
    command = [program, "-nostdin", "-v", "error", "-i", source, "-vn", *wanted, "-f", container, "pipe:1"]
    if given is not None:
        command.remove("-nostdin")
    try:
        done = subprocess.run(command, input=given, capture_output=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired as error:
        raise AudioProcessingError(f"ffmpeg needed more than {timeout:.0f} s; allow more with timeout=...") from error
    if done.returncode or not done.stdout:
        data = done.stderr.decode(errors="replace").strip().splitlines()
        raise AudioProcessingError(f"ffmpeg could not read the sound: {data[-1] if data else 'it says nothing more'}")
    return done.stdout


HEAD = 1 << 16
WINDOW = 0.05
"""Seconds that are listened to as one."""

SEARCHED = 30.0
"""How far back from the longest piece a silence is looked for, in seconds."""

CODES = {(1, 8): "B", (1, 16): "h", (1, 32): "i", (3, 32): "f"}


@dataclass(frozen=True, slots=True)
class AudioPart:
    """A WAV file of its own, and where it begins in the whole, in seconds."""

    start: float
    seconds: float
    data: bytes = field(repr=False)


def split_wav(
    file: str | PathLike[str] | bytes, *, most_bytes: int | None = None, most_seconds: float | None = None
) -> Iterator[AudioPart]:
    """Pieces that are neither larger nor longer than this, each cut in the quietest moment near its end."""
    with open_binary(file) as source:
        size = source.seek(0, 2)
        source.seek(0)
        wav = read_wav(source.read(HEAD), size)
        if wav is None:
            data = "only WAV files can be split here: convert_audio(file, 'wav') makes one, by ffmpeg"
            raise AudioProcessingError(data)
        longest = max_piece_size(wav, most_bytes, most_seconds)
        at = 0
        while at < wav.size:
            source.seek(wav.start + at)
            samples = source.read(min(longest, wav.size - at))
            if at + len(samples) < wav.size:
                samples = samples[: find_quietest_offset(samples, wav)]
            if not samples:
                return
            made = write_wav(samples, wav.rate, wav.channels, wav.bits, wav.format)
            yield AudioPart(at / wav.frame / wav.rate, len(samples) / wav.frame / wav.rate, made)
            at += len(samples)


def open_binary(file: str | PathLike[str] | bytes) -> BinaryIO:
    return BytesIO(file) if isinstance(file, bytes) else Path(file).expanduser().open("rb")


def max_piece_size(wav: Wav, most_bytes: int | None, most_seconds: float | None) -> int:
    """In bytes of samples, whole moments only."""
    sizes = [wav.size]
    if most_bytes is not None:
        sizes.append(most_bytes - 44)
    if most_seconds is not None:
        sizes.append(int(most_seconds * wav.rate) * wav.frame)
    longest = min(sizes) // wav.frame * wav.frame
    if longest < wav.rate * wav.frame and longest < wav.size:
        raise AudioProcessingError("pieces of less than a second cannot be understood: allow more bytes or seconds")
    return max(longest, wav.frame)


def find_quietest_offset(samples: bytes, wav: Wav) -> int:
    """Where to cut: the middle of the quietest stretch near the end; the end itself where nothing can be heard."""
    window = max(1, int(WINDOW * wav.rate)) * wav.frame
    first = max(len(samples) // 2, len(samples) - int(SEARCHED * wav.rate) * wav.frame)
    first -= first % wav.frame
    starts = range(first, len(samples) - window + 1, window)
    if not starts:
        return len(samples)
    levels = [mean_amplitude(samples[at : at + window], wav) for at in starts]
    # Several windows together, so that a breath between words counts less than a pause.
    near = [sum(levels[max(0, n - 3) : n + 4]) / len(levels[max(0, n - 3) : n + 4]) for n in range(len(levels))]
    best = min(range(len(near)), key=lambda n: (near[n], -n))
    return starts[best] + window // 2 // wav.frame * wav.frame


def mean_amplitude(samples: bytes, wav: Wav) -> float:
    """How far samples are from silence, on average."""
    if wav.bits == 24:
        # The upper byte is enough to know silence from speech.
        values: array[int] | array[float] = array("b", samples[2::3])
    else:
        code = CODES.get((wav.format, wav.bits))
        if code is None:
            return 0.0
        values = array(code, samples)
    rest = 128 if wav.bits == 8 else 0
    return sum(abs(value - rest) for value in values) / max(1, len(values))
