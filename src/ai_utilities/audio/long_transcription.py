"""Transcription of long recordings: conversion, splitting into pieces, joining of their texts."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import threading
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeVar

from dhenara.ai.integration import Wav, add_costs, add_usages, number_of, read_wav, unique, write_wav
from dhenara.ai.types import AudioContent, CallWarning, SpokenWord, Text, TranscriptionResponse

from ..concurrency import check_concurrency
from ..exceptions import AIUtilitiesError
from .info import USUAL_LIMIT, AudioProcessingError, UnfinishedTranscriptError, read_audio_info

if TYPE_CHECKING:
    from ..exceptions import Options
    from ..operations.client_core import ClientCore
    from .methods import Sound


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


USUAL_CONCURRENCY = 4
"""Number of pieces of a long recording that are transcribed concurrently; each of them is held in memory."""
W = TypeVar("W", bound=SpokenWord)
SPEECH_RATE = 16_000
"""Samples per second that speech recognition uses."""


def prepare_audio(
    audio: Sound, most_bytes: int | None, most_seconds: float | None
) -> AudioContent | Iterator[AudioPart]:
    """Return the audio as one request, or as pieces if it is too large or too long for one."""
    if not isinstance(audio, str | bytes | PathLike) or is_address(audio):
        return audio if isinstance(audio, AudioContent) else AudioContent(url=str(audio))
    info, limit = read_audio_info(audio), most_bytes or USUAL_LIMIT
    too_long = most_seconds is not None and info.seconds is not None and info.seconds > most_seconds
    if info.size <= limit and not too_long:
        data = audio if isinstance(audio, bytes) else Path(audio).expanduser().read_bytes()
        name = None if isinstance(audio, bytes) else Path(audio).name
        return AudioContent(data=data, name=name, mime_type=info.mime_type)
    wav = audio if info.mime_type == "audio/wav" else convert_audio(audio, "wav", rate=SPEECH_RATE, channels=1)
    return split_wav(wav, most_bytes=limit, most_seconds=most_seconds)


def is_address(audio: object) -> bool:
    return isinstance(audio, str) and audio.startswith(("http://", "https://"))


def join_transcripts(parts: Sequence[AudioPart], transcripts: Sequence[TranscriptionResponse]) -> TranscriptionResponse:
    """Join the transcripts of pieces; times count from the start of the recording."""
    first = transcripts[0]
    warnings = unique(warning for transcript in transcripts for warning in transcript.warnings)
    segments = [
        shift_times(segment, part)
        for part, transcript in zip(parts, transcripts, strict=True)
        for segment in transcript.segments
    ]
    words = [
        shift_times(word, part)
        for part, transcript in zip(parts, transcripts, strict=True)
        for word in transcript.words
    ]
    if any(timed.speaker for timed in [*segments, *words]):
        message = f"the recording was transcribed in {len(parts)} pieces; speaker labels differ from piece to piece"
        warnings.append(CallWarning(code="translated_parameter", message=message, parameter="diarize"))
    return TranscriptionResponse(
        text=Text(" ".join(transcript.text.strip() for transcript in transcripts if transcript.text.strip())),
        language=first.language,
        duration=parts[-1].start + parts[-1].seconds,
        segments=segments,
        words=words,
        id=first.id,
        model=first.model,
        provider=first.provider,
        usage=add_usages([transcript.usage for transcript in transcripts]),
        warnings=warnings,
        attempts=[attempt for transcript in transcripts for attempt in transcript.attempts],
        duration_seconds=sum(transcript.duration_seconds or 0.0 for transcript in transcripts),
    ).with_cost(add_costs([transcript.cost for transcript in transcripts]))


def shift_times(timed: W, part: AudioPart) -> W:
    return timed.model_copy(update={"start": timed.start + part.start, "end": timed.end + part.start})


class PieceQueue:
    """The pieces of a recording, shared by concurrent workers. After a failure no new piece is started."""

    def __init__(self, parts: Iterator[AudioPart], known: Mapping[str, TranscriptionResponse]) -> None:
        self._parts = parts
        self._known = dict(known)
        self._lock = threading.Lock()
        self._count = 0
        self._keys: dict[int, str] = {}
        self._places: dict[int, AudioPart] = {}
        self._received: dict[int, TranscriptionResponse] = {}
        self._failed: dict[int, Exception] = {}

    def next_piece(self) -> tuple[int, AudioPart] | None:
        """Return the next piece without a transcript and its number; None at the end or after a failure."""
        with self._lock:
            while not self._failed and (part := next(self._parts, None)) is not None:
                number = self._count
                self._count += 1
                self._places[number] = AudioPart(part.start, part.seconds, b"")
                key = self._keys[number] = hashlib.sha256(part.data).hexdigest()
                if key not in self._known:
                    return number, part
                self._received[number] = self._known[key]
            return None

    def record_result(self, number: int, transcript: TranscriptionResponse) -> None:
        with self._lock:
            self._received[number] = transcript

    def record_failure(self, number: int, error: Exception) -> None:
        with self._lock:
            self._failed[number] = error

    def result(self) -> TranscriptionResponse:
        """Return the whole transcript; raise an error with the partial transcript if a piece failed."""
        numbers = sorted(self._received)
        parts, received = [self._places[n] for n in numbers], [self._received[n] for n in numbers]
        if not self._failed:
            return join_transcripts(parts, received)
        first = self._failed[min(self._failed)]
        if not received:
            raise first
        raise UnfinishedTranscriptError(
            f"{number_of(len(self._failed), 'piece')} of the recording failed ({len(received)} transcribed): {first}",
            partial=join_transcripts(parts, received),
            missing=self._missing_ranges(),
            received={**self._known, **{self._keys[n]: transcript for n, transcript in self._received.items()}},
        ) from first

    def _missing_ranges(self) -> tuple[tuple[float, float | None], ...]:
        """Return start and end of the ranges without a transcript; the end of the rest is unknown."""
        gaps: list[tuple[float, float | None]] = [
            (part.start, part.start + part.seconds) for n, part in sorted(self._places.items()) if n in self._failed
        ]
        rest = next(self._parts, None)
        return tuple(gaps) if rest is None else (*gaps, (rest.start, None))


async def transcribe_pieces(operations: ClientCore, task: str, pieces: PieceQueue, options: Options) -> None:
    """Transcribe pieces until none are left."""
    while (numbered_piece := await operations.mode.call(pieces.next_piece)) is not None:
        number, part = numbered_piece
        content = AudioContent(data=part.data, mime_type="audio/wav", name="part.wav")
        try:
            pieces.record_result(number, await operations.operate(task, (content,), dict(options)))
        except (AIUtilitiesError, OSError) as error:
            pieces.record_failure(number, error)


class LongSettings:
    """How a long recording is transcribed; taken out of the options of the call."""

    def __init__(self, options: Options) -> None:
        self.limits = options.pop("most_bytes", None), options.pop("most_seconds", None)
        self.resume = options.pop("resume", None)
        self.concurrency = check_concurrency(options.pop("concurrency", USUAL_CONCURRENCY))


async def transcribe_long(
    operations: ClientCore, task: str, parts: Iterator[AudioPart], settings: LongSettings, options: Options
) -> TranscriptionResponse:
    """Transcribe the pieces of a recording, and join the transcripts."""
    pieces = PieceQueue(parts, {} if settings.resume is None else settings.resume.results)
    work = partial(transcribe_pieces, operations, task, pieces, options)
    await operations.mode.run_concurrently(work, settings.concurrency)
    return await operations.mode.call(pieces.result)
