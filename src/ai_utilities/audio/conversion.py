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

# Formats that ffmpeg can write to a pipe, and its names for them.
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
    """Convert audio to another format with ffmpeg.

    Args:
        file: A path, or the bytes.
        to: The target format: wav, mp3, flac, ogg, opus, aac or pcm (default wav).
        rate: Samples per second; 16000 is enough for speech. Default None: unchanged.
        channels: Number of channels; 1 is enough for speech. Default None: unchanged.
        timeout: Maximum seconds for the conversion (default 600).

    Returns:
        The converted audio.

    Raises:
        AudioProcessingError: If ffmpeg is not installed, fails or takes too long, or the format is unknown.
    """
    container = CONTAINERS.get(to.lower().removeprefix("."))
    if container is None:
        raise AudioProcessingError(f"unknown audio format {to!r}. Use one of {', '.join(CONTAINERS)}.")
    program = shutil.which("ffmpeg")
    if program is None:
        raise AudioProcessingError(
            "ffmpeg is not installed; audio is converted with it. Install it (apt install ffmpeg, brew install ffmpeg, "
            "https://ffmpeg.org/download.html), or pass audio in a format that the provider accepts."
        )
    piped, source = (file, "pipe:0") if isinstance(file, bytes) else (None, str(Path(file).expanduser()))
    wanted = [*(["-ar", str(rate)] if rate else []), *(["-ac", str(channels)] if channels else [])]
    command = [program, "-nostdin", "-v", "error", "-i", source, "-vn", *wanted, "-f", container, "pipe:1"]
    if piped is not None:
        command.remove("-nostdin")
    try:
        finished = subprocess.run(command, input=piped, capture_output=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired as error:
        raise AudioProcessingError(f"ffmpeg took more than {timeout:.0f} s. Pass a larger timeout=...") from error
    if finished.returncode or not finished.stdout:
        messages = finished.stderr.decode(errors="replace").strip().splitlines()
        raise AudioProcessingError(f"ffmpeg cannot read the audio: {messages[-1] if messages else 'no reason given'}")
    return finished.stdout


HEAD = 1 << 16
WINDOW = 0.05
"""Seconds of one measurement of loudness."""

SEARCHED = 30.0
"""Seconds before the end of a piece in which the quietest moment is searched."""

CODES = {(1, 8): "B", (1, 16): "h", (1, 32): "i", (3, 32): "f"}


@dataclass(frozen=True, slots=True)
class AudioPart:
    """A piece of a recording as a WAV file, with its start in the whole recording in seconds."""

    start: float
    seconds: float
    data: bytes = field(repr=False)


def split_wav(
    file: str | PathLike[str] | bytes, *, most_bytes: int | None = None, most_seconds: float | None = None
) -> Iterator[AudioPart]:
    """Split a WAV recording into pieces, each cut at the quietest moment near its end.

    Args:
        file: A path, or the bytes.
        most_bytes: Largest size of a piece in bytes.
        most_seconds: Longest duration of a piece in seconds.

    Yields:
        The pieces, in order.

    Raises:
        AudioProcessingError: If it is not a WAV file, or the limits allow less than a second.
    """
    with open_binary(file) as source:
        size = source.seek(0, 2)
        source.seek(0)
        wav = read_wav(source.read(HEAD), size)
        if wav is None:
            raise AudioProcessingError(
                "only WAV files can be split. Convert the file first: convert_audio(file, 'wav')"
            )
        longest = max_piece_size(wav, most_bytes, most_seconds)
        at = 0
        while at < wav.size:
            source.seek(wav.start + at)
            samples = source.read(min(longest, wav.size - at))
            if at + len(samples) < wav.size:
                samples = samples[: find_quietest_offset(samples, wav)]
            if not samples:
                return
            piece = write_wav(samples, wav.rate, wav.channels, wav.bits, wav.format)
            yield AudioPart(at / wav.frame / wav.rate, len(samples) / wav.frame / wav.rate, piece)
            at += len(samples)


def open_binary(file: str | PathLike[str] | bytes) -> BinaryIO:
    return BytesIO(file) if isinstance(file, bytes) else Path(file).expanduser().open("rb")


def max_piece_size(wav: Wav, most_bytes: int | None, most_seconds: float | None) -> int:
    """Return the largest size of a piece in bytes, without header; a multiple of the frame size."""
    sizes = [wav.size]
    if most_bytes is not None:
        sizes.append(most_bytes - 44)
    if most_seconds is not None:
        sizes.append(int(most_seconds * wav.rate) * wav.frame)
    longest = min(sizes) // wav.frame * wav.frame
    if longest < wav.rate * wav.frame and longest < wav.size:
        raise AudioProcessingError("pieces of less than a second are not possible. Allow more bytes or seconds.")
    return max(longest, wav.frame)


def find_quietest_offset(samples: bytes, wav: Wav) -> int:
    """Return where to cut: the middle of the quietest window near the end, or the end if all are silent."""
    window = max(1, int(WINDOW * wav.rate)) * wav.frame
    first = max(len(samples) // 2, len(samples) - int(SEARCHED * wav.rate) * wav.frame)
    first -= first % wav.frame
    starts = range(first, len(samples) - window + 1, window)
    if not starts:
        return len(samples)
    levels = [mean_amplitude(samples[at : at + window], wav) for at in starts]
    # The mean over several windows, so that a pause counts more than a short gap between words.
    near = [sum(levels[max(0, n - 3) : n + 4]) / len(levels[max(0, n - 3) : n + 4]) for n in range(len(levels))]
    best = min(range(len(near)), key=lambda n: (near[n], -n))
    return starts[best] + window // 2 // wav.frame * wav.frame


def mean_amplitude(samples: bytes, wav: Wav) -> float:
    """Return the mean distance of the samples from silence."""
    if wav.bits == 24:
        # The upper byte is enough to distinguish silence from speech.
        values: array[int] | array[float] = array("b", samples[2::3])
    else:
        code = CODES.get((wav.format, wav.bits))
        if code is None:
            return 0.0
        values = array(code, samples)
    rest = 128 if wav.bits == 8 else 0
    return sum(abs(value - rest) for value in values) / max(1, len(values))
