"""Audio types: transcription (speech to text), transcripts as subtitles, and speech synthesis (text to speech)."""

import builtins
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from ...errors import ConfigurationError
from ...wire.media_types import (
    SUFFIXES as SUFFIXES,
    Wav as Wav,
    audio_type as audio_type,
    canonical_audio_type,
    read_wav as read_wav,
    write_wav as write_wav,
)
from ..chat.message import Text
from ..chat.report import OperationResponse
from ..content.parts import AudioContent
from ..display import ShownAsText
from ..model_base import FrozenModel

TIMES = re.compile(r"(?:(\d+):)?(\d{1,2}):(\d{2})[.,](\d{3})")
LONGEST_LINE = 84
LONGEST_CUE = 7.0


class SpokenWord(FrozenModel):
    """One word with its times, in seconds from the beginning.

    Attributes:
        text: The text.
        start: Start in seconds.
        end: End in seconds.
        speaker: The speaker, if speakers were told apart.
        confidence: Confidence from 0 to 1, if the provider returns it.
    """

    text: str
    start: float
    end: float
    speaker: str | None = None
    confidence: float | None = None


class SpokenSegment(SpokenWord):
    """A segment of speech: a sentence, or a turn of one speaker."""


def cues_of(words: Iterable[SpokenWord]) -> Iterator[SpokenSegment]:
    """Group words into lines; a pause, a sentence end or another speaker starts a new line."""
    line: list[SpokenWord] = []
    for word in words:
        if line and is_line_full(line, word):
            yield merge_words(line)
            line = []
        line.append(word)
    if line:
        yield merge_words(line)


def is_line_full(line: list[SpokenWord], word: SpokenWord) -> bool:
    last = line[-1]
    length = sum(len(one.text) + 1 for one in line) + len(word.text)
    return (
        last.speaker != word.speaker
        or length > LONGEST_LINE
        or word.end - line[0].start > LONGEST_CUE
        or word.start - last.end > 1.0
        or last.text.endswith((".", "!", "?"))
    )


def merge_words(line: list[SpokenWord]) -> SpokenSegment:
    text = " ".join(word.text.strip() for word in line)
    return SpokenSegment(text=text, start=line[0].start, end=line[-1].end, speaker=line[0].speaker)


def write_srt(segments: Iterable[SpokenSegment]) -> str:
    """Write SRT: numbered cues, with speaker names before the text."""
    cues = (
        f"{number}\n{format_time(cue.start, ',')} --> {format_time(cue.end, ',')}\n{srt_speaker(cue)}\n"
        for number, cue in enumerate(segments, 1)
    )
    return "\n".join(cues)


def write_vtt(segments: Iterable[SpokenSegment]) -> str:
    """Write WebVTT, with speakers as voice tags."""
    cues = (f"{format_time(cue.start, '.')} --> {format_time(cue.end, '.')}\n{vtt_speaker(cue)}\n" for cue in segments)
    return "\n".join(["WEBVTT\n", *cues])


def read_cues(text: str) -> list[SpokenSegment]:
    """Parse the cues of an SRT or WebVTT text; empty if it is neither."""
    segments: list[SpokenSegment] = []
    for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n").strip()):
        lines = block.strip().split("\n")
        at = next((n for n, line in enumerate(lines[:2]) if " --> " in line), None)
        times = [] if at is None else TIMES.findall(lines[at])
        if at is not None and len(times) >= 2:
            words = " ".join(line.strip() for line in lines[at + 1 :])
            segments.append(SpokenSegment(text=words, start=seconds(times[0]), end=seconds(times[1])))
    return segments


def seconds(instructions: tuple[str, str, str, str]) -> float:
    hours, minutes, whole, thousandths = instructions
    return int(hours or 0) * 3600 + int(minutes) * 60 + int(whole) + int(thousandths) / 1000


def format_time(at: float, point: str) -> str:
    thousandths = max(0, round(at * 1000))
    minutes, rest = divmod(thousandths, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}{point}{rest % 1000:03}"


def srt_speaker(cue: SpokenSegment) -> str:
    return f"{cue.speaker}: {cue.text.strip()}" if cue.speaker else cue.text.strip()


def vtt_speaker(cue: SpokenSegment) -> str:
    words = cue.text.strip().replace("&", "&amp;").replace("<", "&lt;")
    return f"<v {cue.speaker}>{words}" if cue.speaker else words


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


class TranscriptionResponse(ShownAsText, OperationResponse):
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

    def _stored_type(self, data: builtins.bytes) -> str:
        return audio_type(data) or canonical_audio_type(self.mime_type or "")


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

    def save(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the audio to a file; see `SpokenAudio.save`.

        Args:
            path: Path of the file.
            overwrite: Whether an existing file may be replaced.
        """
        return self.audio.save(path, overwrite=overwrite)
