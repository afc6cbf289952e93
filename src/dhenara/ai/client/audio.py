"""Operations on sound: transcribing, translating and speaking, whole or as it comes, each in both colours."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from ..dataclass import replace
from ..errors import ConfigurationError
from ..runtime.sync_io import run
from .operations_base import OperationsBase

if TYPE_CHECKING:
    from ..pipeline.pipeline import Pipeline
    from ..streams.audio import AsyncSpeech, AsyncTranscript, SyncSpeech, SyncTranscript
    from ..types.audio import SpeechResponse, TranscriptionResponse
    from ..types.call import Call
    from ..types.content import AudioContent
    from ..types.operation_settings import SpeakSettings, TranscribeSettings

    Sound = AudioContent | bytes | str | PathLike[str]


class EngineAudioMixin(OperationsBase):
    """Sound is given as `AudioContent`, bytes, a path, or an address where the provider fetches it itself."""

    def transcribe(self, audio: Sound, **settings: Unpack[TranscribeSettings]) -> TranscriptionResponse:
        """What is said, in the language in which it is said."""
        return run(self._transcribe(audio, "transcribe", settings, is_async=False))

    async def transcribe_async(self, audio: Sound, **settings: Unpack[TranscribeSettings]) -> TranscriptionResponse:
        """The same, awaited."""
        return await self._transcribe(audio, "transcribe", settings, is_async=True)

    def translate(self, audio: Sound, **settings: Unpack[TranscribeSettings]) -> TranscriptionResponse:
        """What is said, in English."""
        return run(self._transcribe(audio, "translate", settings, is_async=False))

    async def translate_async(self, audio: Sound, **settings: Unpack[TranscribeSettings]) -> TranscriptionResponse:
        """The same, awaited."""
        return await self._transcribe(audio, "translate", settings, is_async=True)

    def transcribe_stream(self, audio: Sound, **settings: Unpack[TranscribeSettings]) -> SyncTranscript:
        """The words as they are understood; `response` of the stream is the whole answer afterwards."""
        from ..streams.audio import SyncTranscript

        pipeline, call = self._transcription_call(load_audio(audio), "transcribe", settings, is_async=False)
        return SyncTranscript(pipeline, call, run(pipeline.start(as_streaming(call))))

    async def transcribe_stream_async(self, audio: Sound, **settings: Unpack[TranscribeSettings]) -> AsyncTranscript:
        """The same, for `async for`."""
        from ..streams.audio import AsyncTranscript

        pipeline, call = self._transcription_call(
            await self._load_audio(audio, is_async=True), "transcribe", settings, is_async=True
        )
        return AsyncTranscript(pipeline, call, await pipeline.start(as_streaming(call)))

    def speak(self, text: str, **settings: Unpack[SpeakSettings]) -> SpeechResponse:
        """The text as speech."""
        return run(self._speak(text, settings, is_async=False))

    async def speak_async(self, text: str, **settings: Unpack[SpeakSettings]) -> SpeechResponse:
        """The same, awaited."""
        return await self._speak(text, settings, is_async=True)

    def speak_stream(self, text: str, **settings: Unpack[SpeakSettings]) -> SyncSpeech:
        """The sound as it is made: iterate over its bytes, or `save` them."""
        from ..streams.audio import SyncSpeech

        pipeline, call = self._speech_call(text, settings, is_async=False)
        return SyncSpeech(pipeline, call, run(pipeline.start(as_streaming(call))))

    async def speak_stream_async(self, text: str, **settings: Unpack[SpeakSettings]) -> AsyncSpeech:
        """The same, for `async for`."""
        from ..streams.audio import AsyncSpeech

        pipeline, call = self._speech_call(text, settings, is_async=True)
        return AsyncSpeech(pipeline, call, await pipeline.start(as_streaming(call)))

    async def _transcribe(
        self, audio: Sound, task: str, settings: Mapping[str, Any], *, is_async: bool
    ) -> TranscriptionResponse:
        from ..types.audio import TranscriptionResponse

        sound = await self._load_audio(audio, is_async=is_async)
        pipeline, call = self._transcription_call(sound, task, settings, is_async=is_async)
        return await pipeline.perform(call, TranscriptionResponse)

    async def _load_audio(self, audio: Sound, *, is_async: bool) -> AudioContent:
        """Files are read where that holds up nobody."""
        if isinstance(audio, str | PathLike) and not is_address(audio):
            return await self._pipeline("transcribe", is_async=is_async).io.call(load_audio, audio)
        return load_audio(audio)

    async def _speak(self, text: str, settings: Mapping[str, Any], *, is_async: bool) -> SpeechResponse:
        from ..types.audio import SpeechResponse

        pipeline, call = self._speech_call(text, settings, is_async=is_async)
        return await pipeline.perform(call, SpeechResponse)

    def _transcription_call(
        self, sound: AudioContent, task: str, settings: Mapping[str, Any], *, is_async: bool
    ) -> tuple[Pipeline, Call]:
        from ..types.audio import TranscriptionRequest

        given = {"audio": sound, "task": task}
        return self._prepare("transcribe", TranscriptionRequest, given, settings, is_async)

    def _speech_call(self, text: str, settings: Mapping[str, Any], *, is_async: bool) -> tuple[Pipeline, Call]:
        from ..types.audio import SpeechRequest

        return self._prepare("speak", SpeechRequest, {"text": text}, settings, is_async)


def as_streaming(call: Call) -> Call:
    return replace(call, config=call.config.model_copy(update={"streaming": True}))


def is_address(given: Any) -> bool:
    return isinstance(given, str) and given.startswith(("http://", "https://"))


def load_audio(given: Sound) -> AudioContent:
    """The sound as content, its kind told by its first bytes."""
    from ..types.content import AudioContent
    from ..wire.audio_headers import audio_type

    if isinstance(given, AudioContent):
        return given
    if isinstance(given, bytes | bytearray):
        return AudioContent(data=bytes(given), mime_type=audio_type(bytes(given[:64])))
    if isinstance(given, str) and is_address(given):
        return AudioContent(url=given)
    path = Path(given).expanduser()
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"the sound {path} cannot be read: {error.strerror}") from error
    return AudioContent(data=data, name=path.name, mime_type=audio_type(data[:64]))
