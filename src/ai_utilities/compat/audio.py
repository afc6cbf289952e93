"""Sound as version 1 described it: formats, files, requests and results, and a processor that uses a client."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from os import PathLike
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, Field, field_validator, model_validator

from ..audio.info import USUAL_LIMIT, AudioInfo, AudioProcessingError, read_audio_info
from ..audio.long_transcription import convert_audio
from ..exceptions import JsonObject

AnyPath = str | PathLike[str]
MEGABYTE = 1024 * 1024


class AudioFormat(StrEnum):
    """Formats of audio files."""

    WAV = "wav"
    MP3 = "mp3"
    FLAC = "flac"
    OGG = "ogg"
    M4A = "m4a"
    WEBM = "webm"


FORMATS: Mapping[str, AudioFormat] = {
    "audio/wav": AudioFormat.WAV,
    "audio/mpeg": AudioFormat.MP3,
    "audio/flac": AudioFormat.FLAC,
    "audio/ogg": AudioFormat.OGG,
    "audio/mp4": AudioFormat.M4A,
    "audio/webm": AudioFormat.WEBM,
    "video/webm": AudioFormat.WEBM,
}


class AudioFile(BaseModel):
    """An audio file and what its headers contain."""

    file_path: Path
    format: AudioFormat
    duration_seconds: float | None = None
    sample_rate: int | None = None
    channels: int | None = None
    file_size_bytes: int = Field(gt=0)
    metadata: JsonObject = Field(default_factory=dict)

    @field_validator("file_path")
    @classmethod
    def _exists(cls, path: Path) -> Path:
        if not path.exists():
            raise ValueError(f"Audio file does not exist: {path}")
        return path

    @property
    def file_size_mb(self) -> float:
        """The size in megabytes."""
        return self.file_size_bytes / MEGABYTE

    @property
    def is_large_file(self) -> bool:
        """Whether the file is above the limit of most providers, 25 MB."""
        return self.file_size_bytes > USUAL_LIMIT


class AudioAnalysisResult(BaseModel):
    """An audio file, with everything that its headers contain."""

    audio_file: AudioFile
    duration_seconds: float
    sample_rate: int
    channels: int
    bit_depth: int | None = None
    format_details: JsonObject = Field(default_factory=dict)
    metadata: JsonObject = Field(default_factory=dict)

    @property
    def is_stereo(self) -> bool:
        """Whether there are two channels."""
        return self.channels == 2

    @property
    def is_mono(self) -> bool:
        """Whether there is one channel."""
        return self.channels == 1


class TranscriptRequest(BaseModel):
    """A request for a transcript."""

    audio_file: AudioFile
    language: str | None = None
    model: str = "whisper-1"
    prompt: str | None = None
    temperature: float = Field(default=0.0, ge=0.0, le=1.0)
    response_format: Literal["json", "text", "srt", "verbose_json", "vtt"] = "json"
    timestamp_granularities: list[str] = Field(default_factory=list)


class TranscriptionSegment(BaseModel):
    """A part of a transcript with its times."""

    start_time: float
    end_time: float
    text: str
    confidence: float | None = Field(default=None, ge=0.0, le=1.0)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end_time <= self.start_time:
            raise ValueError("End time must be after start time")
        return self


class TranscriptionResult(BaseModel):
    """A transcript."""

    text: str
    language: str | None = None
    duration_seconds: float | None = None
    segments: list[TranscriptionSegment] | None = None
    confidence: float | None = Field(default=None, ge=0.0, le=1.0)
    processing_time_seconds: float | None = None
    model_used: str
    metadata: JsonObject = Field(default_factory=dict)

    @property
    def word_count(self) -> int:
        """The number of words."""
        return len(self.text.split())

    @property
    def character_count(self) -> int:
        """The number of characters."""
        return len(self.text)


class AudioGenerationRequest(BaseModel):
    """A request for speech."""

    text: str = Field(max_length=4096)
    voice: str = "alloy"
    model: str = "tts-1"
    speed: float = Field(default=1.0, ge=0.25, le=4.0)
    response_format: AudioFormat = AudioFormat.MP3

    @field_validator("text")
    @classmethod
    def _not_empty(cls, text: str) -> str:
        if not text.strip():
            raise ValueError("Text cannot be empty")
        return text.strip()


class AudioGenerationResult(BaseModel):
    """Generated speech."""

    audio_data: bytes
    format: AudioFormat
    duration_seconds: float | None = None
    text: str
    voice: str
    model_used: str
    processing_time_seconds: float | None = None
    file_size_bytes: int
    metadata: JsonObject = Field(default_factory=dict)

    @property
    def file_size_mb(self) -> float:
        """The size in megabytes."""
        return self.file_size_bytes / MEGABYTE

    def save_to_file(self, file_path: AnyPath) -> Path:
        """Write the audio to a file; its folder is created."""
        return save_audio_file(self.audio_data, file_path)


def validate_audio_file(file_path: AnyPath) -> bool:
    """Whether a file is audio in a format that is known, by its bytes."""
    try:
        return read_audio_info(file_path).mime_type in FORMATS
    except AudioProcessingError:
        return False


def get_audio_format(file_path: AnyPath) -> AudioFormat:
    """Return the format of a file by its name; by its bytes if the name does not tell.

    Raises:
        AudioProcessingError: Neither tells.
    """
    suffix = Path(file_path).suffix.lower().lstrip(".")
    if suffix in set(AudioFormat):
        return AudioFormat(suffix)
    return format_of(read_audio_info(file_path), file_path)


def format_of(info: AudioInfo, file_path: AnyPath) -> AudioFormat:
    if info.mime_type not in FORMATS:
        raise AudioProcessingError(f"{file_path} is {info.mime_type}. Convert it to {', '.join(AudioFormat)}.")
    return FORMATS[info.mime_type]


def get_file_size(file_path: AnyPath) -> int:
    """Return the size of a file in bytes."""
    return Path(file_path).stat().st_size


def load_audio_file(file_path: AnyPath) -> AudioFile:
    """Read what the headers of an audio file contain.

    Raises:
        AudioProcessingError: The file cannot be read, or is no audio in a format that is known.
    """
    info = read_audio_info(file_path)
    return AudioFile(
        file_path=Path(file_path),
        format=format_of(info, file_path),
        duration_seconds=info.seconds,
        sample_rate=info.rate,
        channels=info.channels,
        file_size_bytes=info.size,
    )


create_audio_file_info = load_audio_file


def analyze_audio_file(file_path: AnyPath) -> AudioAnalysisResult:
    """Read everything that the headers of an audio file contain.

    Raises:
        AudioProcessingError: The file cannot be read, is no audio, or has no duration in its header.
    """
    info, file = read_audio_info(file_path), load_audio_file(file_path)
    if info.seconds is None or info.rate is None or info.channels is None:
        raise AudioProcessingError(f"{file_path} has no duration in its header. Convert it to WAV.")
    return AudioAnalysisResult(
        audio_file=file,
        duration_seconds=info.seconds,
        sample_rate=info.rate,
        channels=info.channels,
        bit_depth=info.bits,
    )


def get_audio_info(file_path: AnyPath) -> JsonObject:
    """Return what the headers of an audio file contain, as a dict."""
    file = load_audio_file(file_path)
    return {
        "file_path": str(file.file_path),
        "format": file.format.value,
        "file_size_bytes": file.file_size_bytes,
        "file_size_mb": file.file_size_mb,
        "duration_seconds": file.duration_seconds,
        "sample_rate": file.sample_rate,
        "channels": file.channels,
        "metadata": file.metadata,
    }


def save_audio_file(audio_data: bytes, file_path: AnyPath) -> Path:
    """Write audio to a file; its folder is created."""
    path = Path(file_path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(audio_data)
    return path


def convert_audio_format(
    input_path: AnyPath, output_path: AnyPath, target_format: str | None = None, quality: str = "medium"
) -> Path:
    """Convert an audio file with ffmpeg; see `ai_utilities.audio.convert_audio`."""
    form = str(getattr(target_format, "value", target_format) or Path(output_path).suffix.lstrip("."))
    return save_audio_file(convert_audio(input_path, form), output_path)


def describe_audio_file(audio_file: AnyPath) -> JsonObject:
    """Whether an audio file can be transcribed, as the dict that version 1 returned."""
    try:
        file = load_audio_file(audio_file)
    except AudioProcessingError as error:
        return {"valid": False, "errors": [str(error)], "warnings": [], "file_info": {}}
    large = [f"the file has {file.file_size_mb:.1f} MB and is sent in pieces"] if file.is_large_file else []
    return {"valid": True, "errors": [], "warnings": large, "file_info": get_audio_info(audio_file)}
