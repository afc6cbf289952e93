"""Sounds in another format, made by ffmpeg where it is installed."""

from __future__ import annotations

import shutil
import subprocess
from os import PathLike
from pathlib import Path

from .errors import AudioProcessingError

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
