"""Recordings of any length, ready to be sent: as they are, or in pieces; and what was heard in them as one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar

from dhenara.ai.flow.gathered import add_costs, add_usages, each_once
from dhenara.ai.types import AudioContent, CallWarning, SpokenWord, TranscriptionResponse

from .conversion import convert_audio
from .info import USUAL_LIMIT, read_audio_info
from .splitting import AudioPart, split_wav

W = TypeVar("W", bound=SpokenWord)
SPEECH_RATE = 16_000
"""Samples a second that recognisers listen to."""


def prepared(given: Any, most_bytes: int | None, most_seconds: float | None) -> AudioContent | Iterator[AudioPart]:
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


def joined(parts: Sequence[AudioPart], heard: Sequence[TranscriptionResponse]) -> TranscriptionResponse:
    """Many transcripts as one, with times that count from the beginning of the whole."""
    first = heard[0]
    warnings = each_once(warning for one in heard for warning in one.warnings)
    segments = [moved(one, part) for part, said in zip(parts, heard, strict=True) for one in said.segments]
    words = [moved(one, part) for part, said in zip(parts, heard, strict=True) for one in said.words]
    if any(one.speaker for one in [*segments, *words]):
        told = f"the recording was heard in {len(parts)} pieces, and speakers are told apart in each of them anew"
        warnings.append(CallWarning(code="translated_parameter", message=told, parameter="diarize"))
    return TranscriptionResponse(
        text=" ".join(said.text.strip() for said in heard if said.text.strip()),
        language=first.language,
        duration=parts[-1].start + parts[-1].seconds,
        segments=segments,
        words=words,
        id=first.id,
        model=first.model,
        provider=first.provider,
        usage=add_usages([said.usage for said in heard]),
        cost=add_costs([said.cost for said in heard]),
        warnings=warnings,
        attempts=[attempt for said in heard for attempt in said.attempts],
        duration_seconds=sum(said.duration_seconds or 0.0 for said in heard),
    )


def moved(one: W, part: AudioPart) -> W:
    return one.model_copy(update={"start": one.start + part.start, "end": one.end + part.start})
