"""Audio types: transcription (speech to text) and speech synthesis (text to speech)."""

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from ...errors import ConfigurationError
from ...wire.media_types import SUFFIXES, audio_type, canonical_audio_type, read_wav
from ..chat.report import OperationResponse
from ..chat.text import Text
from ..content.parts import AudioContent
from ..model_base import FrozenModel
from .audio_formats import SpokenSegment, SpokenWord, cues_of, write_srt, write_vtt

Timestamps = Literal["segment", "word"]
SpeechFormat = Literal["mp3", "wav", "flac", "opus", "aac", "pcm"]


class TranscriptionRequest(FrozenModel):
    """Request for a transcription or translation of audio.

    Attributes:
        audio: The audio to transcribe.
        task: `"transcribe"` keeps the spoken language, `"translate"` translates into English.
        language: Language of the audio. Default None: detected by the provider.
        prompt: Names and words that are likely to occur in the audio.
        timestamps: Granularity of the timestamps. Default None: the provider's default.
        diarize: Whether to tell speakers apart.
    """

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
            raise ValueError("the audio is empty. Set data, url or file_id of AudioContent")
        return given


class TranscriptionResponse(OperationResponse):
    """A transcription.

    Attributes:
        text: The full text.
        language: Detected language, if the provider reports it.
        duration: Length of the audio in seconds, if the provider reports it.
        segments: Segments with times, if requested or sent by the provider anyway.
        words: Words with times, if requested or sent by the provider anyway.
    """

    text: Text = Text()
    language: str | None = None
    duration: float | None = None
    segments: list[SpokenSegment] = Field(default_factory=list)
    words: list[SpokenWord] = Field(default_factory=list)

    def to_srt(self) -> str:
        """Return the transcription as SRT subtitles.

        Raises:
            ConfigurationError: The transcription has no timestamps.
        """
        return write_srt(self._cues())

    def to_vtt(self) -> str:
        """Return the transcription as WebVTT subtitles.

        Raises:
            ConfigurationError: The transcription has no timestamps.
        """
        return write_vtt(self._cues())

    def _cues(self) -> list[SpokenSegment]:
        cues = self.segments or list(cues_of(self.words))
        if not cues and self.text.strip():
            raise ConfigurationError(
                "the transcription has no timestamps. Call with timestamps='segment' "
                "and a model that supports timestamps"
            )
        return cues


class SpeechRequest(FrozenModel):
    """Request for speech synthesis.

    Attributes:
        text: Text to speak.
        voice: The provider's name of a voice. Default None: the provider's default voice.
        format: Audio format. Default None: the provider's default.
        speed: Speed factor above 0; 1.0 is normal.
        instructions: How to speak, for models that support instructions.
        language: Language of the text.
    """

    text: str = Field(min_length=1)
    voice: str | None = None
    format: SpeechFormat | None = None
    speed: float | None = Field(default=None, gt=0)
    instructions: str | None = None
    language: str | None = None


class SpokenAudio(AudioContent):
    """Generated audio. It can be used as a part of the next prompt."""

    @property
    def bytes(self) -> bytes:
        """The bytes of the audio file."""
        return self.data or b""

    @property
    def duration(self) -> float | None:
        """Length in seconds, read from the file header; None if the format is not WAV."""
        wav = read_wav(self.bytes)
        return wav.seconds if wav else None

    def save(self, path: str | Path) -> Path:
        """Write the audio to a file.

        Args:
            path: Target path. A path without suffix gets the suffix of the audio format.

        Returns:
            The path that was written.
        """
        target = Path(path)
        if not target.suffix:
            kind = audio_type(self.bytes) or canonical_audio_type(self.mime_type or "")
            target = target.with_suffix(SUFFIXES.get(kind, ""))
        target.write_bytes(self.bytes)
        return target


class SpeechResponse(OperationResponse):
    """Generated speech.

    Attributes:
        audio: The audio with its bytes and media type.
    """

    audio: SpokenAudio = Field(default_factory=SpokenAudio)

    @property
    def bytes(self) -> bytes:
        """The bytes of the audio file."""
        return self.audio.bytes

    def save(self, path: str | Path) -> Path:
        """Write the audio to a file; see `SpokenAudio.save`."""
        return self.audio.save(path)
