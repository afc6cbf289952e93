"""Sound: what all codecs that hear or speak do alike."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import UnsupportedError
from ..types.audio import SpeechRequest, SpeechResponse, SpokenAudio
from ..types.content import AudioContent
from ..types.delta import Delta, Made, MediaDelta, Terminal, Used
from ..types.subtitles import SpokenSegment, SpokenWord
from ..types.usage import Usage
from ..wire.frame import Frame
from ..wire.http import Head
from ..wire.sounds import SUFFIXES, sound_of, usual_name, write_wav
from .base import Blob
from .warnings import Warnings

Wire = dict[str, Any]
PCM_RATE = 24_000
"""What those who send samples without a head send, unless they say otherwise."""


def sound_bytes(audio: AudioContent, provider: str) -> bytes:
    """The file; a provider that takes files only cannot be sent an address."""
    if audio.data is None:
        raise UnsupportedError(f"{provider} takes sound as files only: pass AudioContent(data=...)")
    return audio.data


def kind_of(audio: AudioContent) -> str:
    return sound_of(audio.data or b"") or usual_name(audio.mime_type or "") or "application/octet-stream"


def file_name(audio: AudioContent) -> str:
    """Hosts judge a file by its name, so it says what is in it."""
    suffix = SUFFIXES.get(kind_of(audio), "")
    return audio.name if audio.name and "." in audio.name else f"{audio.name or 'audio'}{suffix}"


def read_word(told: Wire) -> SpokenWord:
    return SpokenWord(
        text=told.get("punctuated_word") or told.get("word") or told.get("text") or "",
        start=told.get("start") or 0.0,
        end=told.get("end") or 0.0,
        speaker=speaker(told),
        confidence=told.get("confidence"),
    )


def read_segment(told: Wire) -> SpokenSegment:
    return SpokenSegment(
        text=(told.get("text") or told.get("transcript") or "").strip(),
        start=told.get("start") or 0.0,
        end=told.get("end") or 0.0,
        speaker=speaker(told),
        confidence=told.get("confidence"),
    )


def speaker(told: Mapping[str, Any]) -> str | None:
    said = told.get("speaker", told.get("speaker_id"))
    return None if said is None else str(said)


def spoken_usage(request: SpeechRequest | None) -> Usage:
    """Most hosts bill speech by the letters that were read."""
    return Usage(units={"characters": float(len(request.text))} if request else {})


def headed(samples: bytes, mime_type: str, wanted: str | None) -> tuple[bytes, str]:
    """Bare samples as a WAV file, unless they are wanted bare."""
    if not mime_type.lower().startswith(("audio/l16", "audio/pcm")):
        return samples, sound_of(samples) or usual_name(mime_type)
    if wanted == "pcm":
        return samples, mime_type
    said = dict(part.strip().partition("=")[::2] for part in mime_type.split(";")[1:])
    return write_wav(samples, int(said.get("rate") or PCM_RATE), int(said.get("channels") or 1)), "audio/wav"


class SoundReader:
    """Sound as it is, whole or while it arrives."""

    __slots__ = ("_format", "_heard", "_usage")

    def __init__(self, request: SpeechRequest) -> None:
        self._usage = spoken_usage(request)
        self._format = request.format
        self._heard = bytearray()

    def whole(self, body: Any) -> Iterator[Delta]:
        if not isinstance(body, Blob):
            raise ValueError("sound was asked for, and something else came")
        yield from self._told(body.data, body.head)
        yield Terminal()

    def frame(self, frame: Frame) -> Iterator[Delta]:
        # Base64 in pieces must be cut at every third byte.
        done = len(self._heard) // 3 * 3
        self._heard += frame.data
        ready = self._heard[done : len(self._heard) // 3 * 3]
        if ready:
            yield MediaDelta("speech", "audio", base64.b64encode(ready).decode())

    def finish(self) -> Iterator[Delta]:
        rest = self._heard[len(self._heard) // 3 * 3 :]
        if rest:
            yield MediaDelta("speech", "audio", base64.b64encode(rest).decode())
        yield from self._told(bytes(self._heard), Head(200))
        yield Terminal()

    def _told(self, data: bytes, head: Head) -> Iterator[Delta]:
        if not data:
            raise ValueError("the sound is empty")
        yield Used(self._usage)
        kind = sound_of(data) or usual_name(head.headers.get("content-type", "")) or f"audio/{self._format or 'mpeg'}"
        yield Made(SpeechResponse(audio=SpokenAudio(data=data, mime_type=kind)))


def named(wanted: Mapping[str, Any], names: Mapping[str, str | None], warnings: Warnings) -> Iterator[tuple[str, Any]]:
    """What is wanted, under the dialect's names; what has none there is warned about."""
    for name, value in wanted.items():
        if value is None:
            continue
        wire = names.get(name)
        if wire is None:
            warnings.unsupported(name)
        else:
            yield wire, value
