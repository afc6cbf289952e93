"""What both clients do with sound."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from os import PathLike
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from ..colour import finished

if TYPE_CHECKING:
    from dhenara.ai.streams.sounds import AsyncSpeech, AsyncTranscript, SyncSpeech, SyncTranscript
    from dhenara.ai.types import AudioContent, SpeechResponse, TranscriptionResponse

    from ..operations import Operations
    from .errors import UnfinishedTranscriptError

    Sound = str | PathLike[str] | bytes | AudioContent

USUAL_CONCURRENCY = 4
"""Pieces of a long recording that are heard at the same time; each of them is in memory meanwhile."""


class HearOptions(TypedDict, total=False):
    """`most_bytes` and `most_seconds` say what the host takes at once: longer recordings go in pieces, `concurrency` of
    them at the same time. `resume` is the error of a call that heard only some of them.
    """

    provider: Any
    model: str
    cache: bool | str
    tags: dict[str, str]
    language: str | None
    prompt: str | None
    timestamps: Any
    diarize: bool | None
    temperature: float | None
    options: dict[str, Any]
    timeout: Any
    retries: int
    strict: bool
    most_bytes: int | None
    most_seconds: float | None
    concurrency: int
    resume: UnfinishedTranscriptError | None


class SpeakOptions(TypedDict, total=False):
    """As the engine's `speak`."""

    provider: Any
    model: str
    cache: bool | str
    tags: dict[str, str]
    voice: str | None
    format: Any
    speed: float | None
    instructions: str | None
    language: str | None
    options: dict[str, Any]
    timeout: Any
    retries: int
    strict: bool


class Sounds:
    """For programs that wait."""

    _operations: Operations

    def transcribe(self, audio: Sound, **options: Unpack[HearOptions]) -> TranscriptionResponse:
        """What is said in a recording of any length. With `timestamps`, `to_srt()` and `to_vtt()` make subtitles."""
        return finished(hear(self._operations, "transcribe", audio, dict(options)))

    def translate(self, audio: Sound, **options: Unpack[HearOptions]) -> TranscriptionResponse:
        """What is said in it, in English."""
        return finished(hear(self._operations, "translate", audio, dict(options)))

    def transcribe_stream(self, audio: Sound, **options: Unpack[HearOptions]) -> SyncTranscript:
        """The words as they are understood, of a recording that is short enough for one request."""
        words: SyncTranscript = finished(self._operations.operate("transcribe_stream", (audio,), dict(options)))
        return words

    def speak(self, text: str, **options: Unpack[SpeakOptions]) -> SpeechResponse:
        """The text as speech; `save(path)` writes it."""
        said: SpeechResponse = finished(self._operations.operate("speak", (text,), dict(options)))
        return said

    def speak_stream(self, text: str, **options: Unpack[SpeakOptions]) -> SyncSpeech:
        """The sound as it is made: iterate over its bytes, or `save` them."""
        said: SyncSpeech = finished(self._operations.operate("speak_stream", (text,), dict(options)))
        return said


class AsyncSounds:
    """The same, awaited."""

    _operations: Operations

    async def transcribe(self, audio: Sound, **options: Unpack[HearOptions]) -> TranscriptionResponse:
        return await hear(self._operations, "transcribe", audio, dict(options))

    async def translate(self, audio: Sound, **options: Unpack[HearOptions]) -> TranscriptionResponse:
        return await hear(self._operations, "translate", audio, dict(options))

    async def transcribe_stream(self, audio: Sound, **options: Unpack[HearOptions]) -> AsyncTranscript:
        words: AsyncTranscript = await self._operations.operate("transcribe_stream", (audio,), dict(options))
        return words

    async def speak(self, text: str, **options: Unpack[SpeakOptions]) -> SpeechResponse:
        said: SpeechResponse = await self._operations.operate("speak", (text,), dict(options))
        return said

    async def speak_stream(self, text: str, **options: Unpack[SpeakOptions]) -> AsyncSpeech:
        said: AsyncSpeech = await self._operations.operate("speak_stream", (text,), dict(options))
        return said


async def hear(operations: Operations, task: str, audio: Any, said: dict[str, Any]) -> TranscriptionResponse:
    """The sound looked at, cut if it is too long, and what was heard in it as one."""
    from ..crowd import checked
    from .listening import Listening, listen
    from .recordings import prepared

    call = operations.colour.call
    most = said.pop("most_bytes", None), said.pop("most_seconds", None)
    resume, count = said.pop("resume", None), checked(said.pop("concurrency", USUAL_CONCURRENCY))
    sound = await call(prepared, audio, *most)
    if not isinstance(sound, Iterator):
        whole: TranscriptionResponse = await operations.operate(task, (sound,), said)
        return whole
    listening = Listening(sound, {} if resume is None else resume.heard)
    await operations.colour.beside(partial(listen, operations, task, listening, said), count)
    return await call(listening.result)
