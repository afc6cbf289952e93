"""Audio methods of both clients: transcription, translation and speech."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from os import PathLike
from typing import TYPE_CHECKING, Unpack

from dhenara.ai.integration import conceal_options, conceals_its_options

from ..execution import AnyAsyncCall, AnyCall, PreparedAsyncCall, PreparedCall, run_sync, unchanged

if TYPE_CHECKING:
    from dhenara.ai.streams.operations import AsyncSpeech, AsyncTranscript, SyncSpeech, SyncTranscript
    from dhenara.ai.types import AudioContent, SpeechResponse, TranscriptionResponse

    from ..exceptions import Options
    from ..operations.client_core import ClientCore
    from ..operations.operation_options import SpeakOptions, TranscribeOptions

    Sound = str | PathLike[str] | bytes | AudioContent


class AudioMixin:
    """Audio methods of `AiClient`."""

    _operations: ClientCore

    @conceals_its_options
    def transcribe(self, audio: Sound, **options: Unpack[TranscribeOptions]) -> TranscriptionResponse:
        """Transcribe a recording of any length.

        Args:
            audio: A path, URL, bytes, or an `AudioContent`.
            **options: See `TranscribeOptions`. With `timestamps`, `to_srt()` and `to_vtt()` return subtitles.

        Returns:
            The transcript.

        Raises:
            AudioProcessingError: If the file cannot be read or split.
            UnfinishedTranscriptError: If some pieces failed.
        """
        conceal_options(options)
        call = prepare_transcription(self._operations, "transcribe", audio, dict(options))
        with call.context():
            return call.read(call.send())

    @conceals_its_options
    def translate(self, audio: Sound, **options: Unpack[TranscribeOptions]) -> TranscriptionResponse:
        """Transcribe a recording of any length into English text.

        Args:
            audio: A path, URL, bytes, or an `AudioContent`.
            **options: See `TranscribeOptions`.

        Returns:
            The English transcript.

        Raises:
            AudioProcessingError: If the file cannot be read or split.
            UnfinishedTranscriptError: If some pieces failed.
        """
        conceal_options(options)
        call = prepare_transcription(self._operations, "translate", audio, dict(options))
        with call.context():
            return call.read(call.send())

    @conceals_its_options
    def transcribe_stream(self, audio: Sound, **options: Unpack[TranscribeOptions]) -> SyncTranscript:
        """Stream the transcript of a recording that is short enough for one request.

        Args:
            audio: A path, URL, bytes, or an `AudioContent`.
            **options: See `TranscribeOptions`.

        Returns:
            An iterator of text pieces; its `response` is the whole transcript once the stream is over.
        """
        conceal_options(options)
        call: AnyCall[SyncTranscript] = self._operations.prepare_operation("transcribe_stream", (audio,), dict(options))
        with call.context():
            return call.read(call.send())

    @conceals_its_options
    def speak(self, text: str, **options: Unpack[SpeakOptions]) -> SpeechResponse:
        """Convert text to speech.

        Args:
            text: The text to speak.
            **options: See `SpeakOptions`.

        Returns:
            The speech; its `save(path)` writes a file.
        """
        conceal_options(options)
        call: AnyCall[SpeechResponse] = self._operations.prepare_operation("speak", (text,), dict(options))
        with call.context():
            return call.read(call.send())

    @conceals_its_options
    def speak_stream(self, text: str, **options: Unpack[SpeakOptions]) -> SyncSpeech:
        """Stream speech.

        Args:
            text: The text to speak.
            **options: See `SpeakOptions`.

        Returns:
            An iterator of audio bytes; its `save(path)` writes them to a file.
        """
        conceal_options(options)
        call: AnyCall[SyncSpeech] = self._operations.prepare_operation("speak_stream", (text,), dict(options))
        with call.context():
            return call.read(call.send())


class AsyncAudioMixin:
    """Audio methods of `AsyncAiClient`."""

    _operations: ClientCore

    @conceals_its_options
    async def transcribe(self, audio: Sound, **options: Unpack[TranscribeOptions]) -> TranscriptionResponse:
        """Transcribe a recording of any length; see `AiClient.transcribe`.

        Args:
            audio: A path, URL, bytes, or an `AudioContent`.
            **options: See `TranscribeOptions`. With `timestamps`, `to_srt()` and `to_vtt()` return subtitles.
        """
        conceal_options(options)
        call = await prepare_transcription_async(self._operations, "transcribe", audio, dict(options))
        with call.context():
            return call.read(await call.send())

    @conceals_its_options
    async def translate(self, audio: Sound, **options: Unpack[TranscribeOptions]) -> TranscriptionResponse:
        """Transcribe a recording into English text; see `AiClient.translate`.

        Args:
            audio: A path, URL, bytes, or an `AudioContent`.
            **options: See `TranscribeOptions`.
        """
        conceal_options(options)
        call = await prepare_transcription_async(self._operations, "translate", audio, dict(options))
        with call.context():
            return call.read(await call.send())

    @conceals_its_options
    async def transcribe_stream(self, audio: Sound, **options: Unpack[TranscribeOptions]) -> AsyncTranscript:
        """Stream the transcript of a short recording; see `AiClient.transcribe_stream`.

        Args:
            audio: A path, URL, bytes, or an `AudioContent`.
            **options: See `TranscribeOptions`.
        """
        conceal_options(options)
        call: AnyAsyncCall[AsyncTranscript] = self._operations.prepare_operation_async(
            "transcribe_stream", (audio,), dict(options)
        )
        with call.context():
            return call.read(await call.send())

    @conceals_its_options
    async def speak(self, text: str, **options: Unpack[SpeakOptions]) -> SpeechResponse:
        """Convert text to speech; see `AiClient.speak`.

        Args:
            text: The text to speak.
            **options: See `SpeakOptions`.
        """
        conceal_options(options)
        call: AnyAsyncCall[SpeechResponse] = self._operations.prepare_operation_async("speak", (text,), dict(options))
        with call.context():
            return call.read(await call.send())

    @conceals_its_options
    async def speak_stream(self, text: str, **options: Unpack[SpeakOptions]) -> AsyncSpeech:
        """Stream speech; see `AiClient.speak_stream`.

        Args:
            text: The text to speak.
            **options: See `SpeakOptions`.
        """
        conceal_options(options)
        call: AnyAsyncCall[AsyncSpeech] = self._operations.prepare_operation_async(
            "speak_stream", (text,), dict(options)
        )
        with call.context():
            return call.read(await call.send())


def prepare_transcription(
    operations: ClientCore, task: str, audio: Sound, options: Options
) -> AnyCall[TranscriptionResponse]:
    """The transcription of a recording, in pieces if it is too long for one request."""
    from .long_transcription import LongSettings, prepare_audio, transcribe_long

    settings = LongSettings(options)
    prepared = prepare_audio(audio, *settings.limits)
    if not isinstance(prepared, Iterator):
        return operations.prepare_operation(task, (prepared,), options)
    work = partial(transcribe_long, operations, task, prepared, settings, options)
    return PreparedCall(lambda: run_sync(work()), unchanged)


async def prepare_transcription_async(
    operations: ClientCore, task: str, audio: Sound, options: Options
) -> AnyAsyncCall[TranscriptionResponse]:
    """The async form."""
    from .long_transcription import LongSettings, prepare_audio, transcribe_long

    settings = LongSettings(options)
    prepared = await operations.mode.call(prepare_audio, audio, *settings.limits)
    if not isinstance(prepared, Iterator):
        return operations.prepare_operation_async(task, (prepared,), options)
    return PreparedAsyncCall(partial(transcribe_long, operations, task, prepared, settings, options), unchanged)
