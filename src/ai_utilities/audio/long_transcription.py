"""Transcribes long recordings in pieces and joins the transcripts."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from dhenara.ai.integration import add_costs, add_usages, unique
from dhenara.ai.types import AudioContent, CallWarning, SpokenWord, Text, TranscriptionResponse

from ..exceptions import AIUtilitiesError
from .conversion import AudioPart, convert_audio, split_wav
from .info import USUAL_LIMIT, UnfinishedTranscriptError, read_audio_info

if TYPE_CHECKING:
    from ..operations import ClientCore
    from ..value_types import Options
    from .methods import Sound


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
            f"{len(self._failed)} pieces of the recording failed, {len(received)} were transcribed: {first}",
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
