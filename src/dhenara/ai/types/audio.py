"""Audio: speech as text, and text as speech."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from ..errors import ConfigurationError
from ..wire.audio_headers import SUFFIXES, audio_type, canonical_audio_type, read_wav
from .content import AudioContent
from .model_base import FrozenModel
from .result import OperationResponse
from .subtitles import SpokenSegment, SpokenWord, cues_of, write_srt, write_vtt

Timestamps = Literal["segment", "word"]
SpeechFormat = Literal["mp3", "wav", "flac", "opus", "aac", "pcm"]


class TranscriptionRequest(FrozenModel):
    """`timestamps` says how fine; `diarize` tells speakers apart; `prompt` holds names and words that may be said."""

    audio: AudioContent
    task: Literal["transcribe", "translate"] = "transcribe"
    language: str | None = None
    prompt: str | None = None
    timestamps: Timestamps | None = None
    diarize: bool | None = None

    @field_validator("audio")
    @classmethod
    def _check_source(cls, given: AudioContent) -> AudioContent:
        if not (given.data or given.url or given.file_id):
            raise ValueError("there is no sound in it: AudioContent needs data, url or file_id")
        return given


class TranscriptionResponse(OperationResponse):
    """What was said. Segments and words are there where they were asked for, or told unasked."""

    text: str = ""
    language: str | None = None
    duration: float | None = None
    """Seconds of sound, where the provider tells."""

    segments: list[SpokenSegment] = Field(default_factory=list)
    words: list[SpokenWord] = Field(default_factory=list)

    def to_srt(self) -> str:
        """Subtitles as SRT."""
        return write_srt(self._cues())

    def to_vtt(self) -> str:
        """Subtitles as WebVTT."""
        return write_vtt(self._cues())

    def _cues(self) -> list[SpokenSegment]:
        cues = self.segments or list(cues_of(self.words))
        if not cues and self.text.strip():
            raise ConfigurationError(
                "subtitles need times, and this transcription has none: ask with timestamps='segment', "
                "of a model that tells them"
            )
        return cues


class SpeechRequest(FrozenModel):
    """`voice` is one of the provider's own names; without one, its usual voice speaks."""

    text: str = Field(min_length=1)
    voice: str | None = None
    format: SpeechFormat | None = None
    speed: float | None = Field(default=None, gt=0)
    instructions: str | None = None
    language: str | None = None


class SpokenAudio(AudioContent):
    """Sound that a model made. It can be a part of the next prompt as it is."""

    @property
    def bytes(self) -> bytes:
        """The file itself."""
        return self.data or b""

    @property
    def duration(self) -> float | None:
        """Seconds of sound, where the head of the file tells: WAV."""
        wav = read_wav(self.bytes)
        return wav.seconds if wav else None

    def save(self, path: str | Path) -> Path:
        """Writes the sound to this path, and says where; without a suffix it gets that of its kind."""
        target = Path(path)
        if not target.suffix:
            kind = audio_type(self.bytes) or canonical_audio_type(self.mime_type or "")
            target = target.with_suffix(SUFFIXES.get(kind, ""))
        target.write_bytes(self.bytes)
        return target


class SpeechResponse(OperationResponse):
    """The speech: `audio` has its bytes and its kind."""

    audio: SpokenAudio = Field(default_factory=SpokenAudio)

    @property
    def bytes(self) -> bytes:
        """The file itself."""
        return self.audio.bytes

    def save(self, path: str | Path) -> Path:
        """Writes the sound to this path, and says where."""
        return self.audio.save(path)
