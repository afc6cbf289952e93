"""Recordings of any length, ready to be sent: as they are, or in pieces; and what was heard in them as one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar

from dhenara.ai.pipeline.combined_usage import add_costs, add_usages, unique
from dhenara.ai.types import AudioContent, CallWarning, SpokenWord, TranscriptionResponse

from .conversion import convert_audio
from .info import USUAL_LIMIT, read_audio_info
from .splitting import AudioPart, split_wav

W = TypeVar("W", bound=SpokenWord)
SPEECH_RATE = 16_000
"""Samples a second that recognisers listen to."""


def prepare_audio(given: Any, most_bytes: int | None, most_seconds: float | None) -> AudioContent | Iterator[AudioPart]:
    """What to send: one sound, or pieces of a recording that is too long for one request."""
    if not isinstance(given, str | bytes | PathLike) or is_address(given):
        return given if isinstance(given, AudioContent) else AudioContent(url=str(given))
    info, limit = read_audio_info(given), most_bytes or USUAL_LIMIT
    too_long = most_seconds is not None and info.seconds is not None and info.seconds > most_seconds
    if info.size <= limit and not too_long:
        data = given if isinstance(given, bytes) else Path(given).expanduser().read_bytes()
        name = None if isinstance(given, bytes) else Path(given).name
        return AudioContent(data=data, name=name, mime_type=info.mime_type)
    wav = given if info.mime_type == "audio/wav" else convert_audio(given, "wav", rate=SPEECH_RATE, channels=1)
    return split_wav(wav, most_bytes=limit, most_seconds=most_seconds)


def is_address(given: Any) -> bool:
    return isinstance(given, str) and given.startswith(("http://", "https://"))


def join_transcripts(parts: Sequence[AudioPart], received: Sequence[TranscriptionResponse]) -> TranscriptionResponse:
    """Many transcripts as one, with times that count from the beginning of the whole."""
    first = received[0]
    warnings = unique(warning for one in received for warning in one.warnings)
    segments = [
        shift_times(one, part) for part, options in zip(parts, received, strict=True) for one in options.segments
    ]
    words = [shift_times(one, part) for part, options in zip(parts, received, strict=True) for one in options.words]
    if any(one.speaker for one in [*segments, *words]):
        data = f"the recording was heard in {len(parts)} pieces, and speakers are told apart in each of them anew"
        warnings.append(CallWarning(code="translated_parameter", message=data, parameter="diarize"))
    return TranscriptionResponse(
        text=" ".join(options.text.strip() for options in received if options.text.strip()),
        language=first.language,
        duration=parts[-1].start + parts[-1].seconds,
        segments=segments,
        words=words,
        id=first.id,
        model=first.model,
        provider=first.provider,
        usage=add_usages([options.usage for options in received]),
        cost=add_costs([options.cost for options in received]),
        warnings=warnings,
        attempts=[attempt for options in received for attempt in options.attempts],
        duration_seconds=sum(options.duration_seconds or 0.0 for options in received),
    )


def shift_times(one: W, part: AudioPart) -> W:
    return one.model_copy(update={"start": one.start + part.start, "end": one.end + part.start})
