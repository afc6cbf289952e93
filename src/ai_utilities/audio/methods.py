"""Audio methods of both clients: transcription, translation and speech."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from os import PathLike
from typing import TYPE_CHECKING, Unpack

from ..concurrency import check_concurrency
from ..execution import run_sync

if TYPE_CHECKING:
    from dhenara.ai.streams.operations import AsyncSpeech, AsyncTranscript, SyncSpeech, SyncTranscript
    from dhenara.ai.types import AudioContent, SpeechResponse, TranscriptionResponse

    from ..operation_options import SpeakOptions, TranscribeOptions
    from ..operations import ClientCore
    from ..value_types import Options

    Sound = str | PathLike[str] | bytes | AudioContent

USUAL_CONCURRENCY = 4
"""Number of pieces of a long recording that are transcribed concurrently; each of them is held in memory."""


class AudioMixin:
    """Audio methods of `AiClient`."""

    _operations: ClientCore

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
        return run_sync(transcribe_recording(self._operations, "transcribe", audio, dict(options)))

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
        return run_sync(transcribe_recording(self._operations, "translate", audio, dict(options)))

    def transcribe_stream(self, audio: Sound, **options: Unpack[TranscribeOptions]) -> SyncTranscript:
        """Stream the transcript of a recording that is short enough for one request.

        Args:
            audio: A path, URL, bytes, or an `AudioContent`.
            **options: See `TranscribeOptions`.

        Returns:
            An iterator of text pieces; its `response` is the whole transcript once the stream is over.
        """
        transcript: SyncTranscript = run_sync(self._operations.operate("transcribe_stream", (audio,), dict(options)))
        return transcript

    def speak(self, text: str, **options: Unpack[SpeakOptions]) -> SpeechResponse:
        """Convert text to speech.

        Args:
            text: The text to speak.
            **options: See `SpeakOptions`.

        Returns:
            The speech; its `save(path)` writes a file.
        """
        speech: SpeechResponse = run_sync(self._operations.operate("speak", (text,), dict(options)))
        return speech

    def speak_stream(self, text: str, **options: Unpack[SpeakOptions]) -> SyncSpeech:
        """Stream speech.

        Args:
            text: The text to speak.
            **options: See `SpeakOptions`.

        Returns:
            An iterator of audio bytes; its `save(path)` writes them to a file.
        """
        speech: SyncSpeech = run_sync(self._operations.operate("speak_stream", (text,), dict(options)))
        return speech


class AsyncAudioMixin:
    """Audio methods of `AsyncAiClient`."""

    _operations: ClientCore

    async def transcribe(self, audio: Sound, **options: Unpack[TranscribeOptions]) -> TranscriptionResponse:
        """Transcribe a recording of any length; see `AiClient.transcribe`.

        Args:
            audio: A path, URL, bytes, or an `AudioContent`.
            **options: See `TranscribeOptions`. With `timestamps`, `to_srt()` and `to_vtt()` return subtitles.
        """
        return await transcribe_recording(self._operations, "transcribe", audio, dict(options))

    async def translate(self, audio: Sound, **options: Unpack[TranscribeOptions]) -> TranscriptionResponse:
        """Transcribe a recording into English text; see `AiClient.translate`.

        Args:
            audio: A path, URL, bytes, or an `AudioContent`.
            **options: See `TranscribeOptions`.
        """
        return await transcribe_recording(self._operations, "translate", audio, dict(options))

    async def transcribe_stream(self, audio: Sound, **options: Unpack[TranscribeOptions]) -> AsyncTranscript:
        """Stream the transcript of a short recording; see `AiClient.transcribe_stream`.

        Args:
            audio: A path, URL, bytes, or an `AudioContent`.
            **options: See `TranscribeOptions`.
        """
        transcript: AsyncTranscript = await self._operations.operate("transcribe_stream", (audio,), dict(options))
        return transcript

    async def speak(self, text: str, **options: Unpack[SpeakOptions]) -> SpeechResponse:
        """Convert text to speech; see `AiClient.speak`.

        Args:
            text: The text to speak.
            **options: See `SpeakOptions`.
        """
        speech: SpeechResponse = await self._operations.operate("speak", (text,), dict(options))
        return speech

    async def speak_stream(self, text: str, **options: Unpack[SpeakOptions]) -> AsyncSpeech:
        """Stream speech; see `AiClient.speak_stream`.

        Args:
            text: The text to speak.
            **options: See `SpeakOptions`.
        """
        speech: AsyncSpeech = await self._operations.operate("speak_stream", (text,), dict(options))
        return speech


async def transcribe_recording(
    operations: ClientCore, task: str, audio: Sound, options: Options
) -> TranscriptionResponse:
    """Transcribe a recording, in pieces if it is too long for one request."""
    from .long_transcription import PieceQueue, prepare_audio, transcribe_pieces

    call = operations.mode.call
    limits = options.pop("most_bytes", None), options.pop("most_seconds", None)
    resume, count = options.pop("resume", None), check_concurrency(options.pop("concurrency", USUAL_CONCURRENCY))
    prepared = await call(prepare_audio, audio, *limits)
    if not isinstance(prepared, Iterator):
        transcript: TranscriptionResponse = await operations.operate(task, (prepared,), options)
        return transcript
    pieces = PieceQueue(prepared, {} if resume is None else resume.results)
    await operations.mode.run_concurrently(partial(transcribe_pieces, operations, task, pieces, options), count)
    return await call(pieces.result)
