"""Images and audio: generating, editing, speaking and transcribing."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import replace
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any, TypeVar, Unpack

import dhenara.ai.streams as streams
import dhenara.ai.types as types

from ..codecs.operations.quirks import ImageQuirks
from ..errors import ConfigurationError, UnsupportedError
from ..io.sync_io import run
from ..output_files import require_path
from ..pipeline.pipeline import Pipeline
from ..types.chat.message import Message
from ..types.chat.response import AIModelCallResponse
from ..types.config.call import Call
from ..types.config.call_policies import Timeouts
from ..types.content.parts import AudioContent, ImageContent, Media, TextContent
from ..types.operations.images import ImageRequest
from ..wire.media_types import audio_type
from ..wire.secrets import conceal_options, conceals_its_options
from .call_factory import OperationsBase

if TYPE_CHECKING:
    from ..streams.operations import AsyncSpeech, AsyncTranscript, SyncSpeech, SyncTranscript
    from ..types.config.call_options import DrawSettings, SpeakSettings, TranscribeSettings
    from ..types.operations.audio import SpeechResponse, TranscriptionResponse


M = TypeVar("M", bound=Media)
Picture = ImageContent | bytes | str | PathLike[str]
OneOrMany = Picture | Sequence[Picture]


class EngineImagesMixin(OperationsBase):
    """Image methods of `AIModelClient`; images of a response are in its `image_response`."""

    @conceals_its_options
    def edit_image(self, prompt: str, images: OneOrMany, **settings: Unpack[DrawSettings]) -> AIModelCallResponse:
        """Edit images as the prompt says.

        Args:
            prompt: The change to make.
            images: One image or several: content objects, bytes, paths or URLs.
            **settings: Fields of `ImageRequest` and of `AIModelCallConfig`. With `mask`, only the transparent area of
                the mask is changed.

        Returns:
            A response with the images in `image_response`.

        Raises:
            UnsupportedError: If the model does not support `mask`.
        """
        conceal_options(settings)
        pipeline, call = run(self._prepare_edit(prompt, images, "new", settings, is_async=False))
        return run(pipeline.answer(call))

    @conceals_its_options
    async def edit_image_async(
        self, prompt: str, images: OneOrMany, **settings: Unpack[DrawSettings]
    ) -> AIModelCallResponse:
        """Async version of `edit_image`."""
        conceal_options(settings)
        pipeline, call = await self._prepare_edit(prompt, images, "new", settings, is_async=True)
        return await pipeline.answer(call)

    @conceals_its_options
    def vary_image(self, image: Picture, **settings: Unpack[DrawSettings]) -> AIModelCallResponse:
        """Generate variations of an image.

        Args:
            image: The image.
            **settings: See `DrawSettings`.

        Raises:
            UnsupportedError: If the model does not support variations.
        """
        conceal_options(settings)
        pipeline, call = run(self._prepare_edit("", image, "variation", settings, is_async=False))
        return run(pipeline.answer(call))

    @conceals_its_options
    async def vary_image_async(self, image: Picture, **settings: Unpack[DrawSettings]) -> AIModelCallResponse:
        """Async version of `vary_image`."""
        conceal_options(settings)
        pipeline, call = await self._prepare_edit("", image, "variation", settings, is_async=True)
        return await pipeline.answer(call)

    def download(self, media: M, *, timeout: float | Timeouts | None = None) -> M:
        """Download an image, audio or file part from its URL, without sending the API key.

        Args:
            media: A part with a `url`.
            timeout: Seconds, or `Timeouts`.

        Returns:
            The same part with its bytes in `data`.
        """
        return run(self._download(media, timeout, is_async=False))

    async def download_async(self, media: M, *, timeout: float | Timeouts | None = None) -> M:
        """Async version of `download`."""
        return await self._download(media, timeout, is_async=True)

    async def _download(self, media: M, timeout: float | Timeouts | None, *, is_async: bool) -> M:
        from ..pipeline.operations.files import download

        settings = {} if timeout is None else {"timeout": timeout}
        pipeline, call = self._prepare(self._default_operation(), None, {}, settings, is_async)
        return await download(pipeline, media, call.config)

    async def _prepare_edit(
        self, prompt: str, images: OneOrMany, make: str, settings: Mapping[str, Any], *, is_async: bool
    ) -> tuple[Pipeline, Call]:
        if not isinstance(prompt, str):
            raise ConfigurationError(
                f"the prompt must be a text, not {type(prompt).__name__}. It comes first, then the images: "
                'edit_image("Make it blue.", "photo.png")'
            )
        pictures = await self._load_images(images, is_async=is_async)
        if settings.get("mask") is not None:
            (mask,) = await self._load_images(settings["mask"], is_async=is_async)
            settings = {**settings, "mask": mask}
        words = [TextContent(text=prompt)] if prompt else []
        messages = (Message(role="user", contents=[*words, *pictures]),)
        pipeline, call = self._prepare("image", ImageRequest, {"make": make}, settings, is_async, messages)
        if (make != "new" or settings.get("mask")) and not isinstance(pipeline.target.quirks, ImageQuirks):
            raise UnsupportedError(
                f"{pipeline.target.origin.model} edits images by prompt only and does not support masks or "
                "variations. Describe the change in the prompt."
            )
        return pipeline, call

    async def _load_images(self, images: OneOrMany, *, is_async: bool) -> list[ImageContent]:
        """Read files with the IO object's `call`, which does not block the event loop."""
        many = images if isinstance(images, Sequence) and not isinstance(images, str | bytes) else [images]
        io = self._pipeline(self._default_operation(), is_async=is_async).io
        return [one if isinstance(one, ImageContent) else await io.call(load_image, one) for one in many]


def load_image(given: Picture) -> ImageContent:
    """Return an image from bytes, a path or a URL."""
    if isinstance(given, ImageContent):
        return given
    if isinstance(given, bytes | bytearray):
        return ImageContent.from_bytes(bytes(given))
    if isinstance(given, str) and given.startswith(("http://", "https://", "data:")):
        return ImageContent.from_url(given)
    if isinstance(given, str | PathLike):
        return ImageContent.from_path(fspath(given))
    raise ConfigurationError(
        f"images must be paths, URLs, bytes or ImageContent, not {type(given).__name__}: "
        'edit_image("Make it blue.", "photo.png")'
    )


Sound = AudioContent | bytes | str | PathLike[str]


class EngineAudioMixin(OperationsBase):
    """Audio methods of `AIModelClient`.

    Audio input is `AudioContent`, bytes, a file path, or a URL if the provider fetches URLs itself.
    """

    @conceals_its_options
    def transcribe(self, audio: Sound, **settings: Unpack[TranscribeSettings]) -> TranscriptionResponse:
        """Transcribe audio in its original language.

        Args:
            audio: `AudioContent`, bytes, a file path or a URL.
            **settings: Fields of `TranscriptionRequest` and of `AIModelCallConfig`.

        Returns:
            The text, with segments and word times if requested.
        """
        conceal_options(settings)
        pipeline, call = self._transcription_call(load_audio(audio), "transcribe", settings, is_async=False)
        return run(pipeline.perform(call, types.TranscriptionResponse))

    @conceals_its_options
    async def transcribe_async(self, audio: Sound, **settings: Unpack[TranscribeSettings]) -> TranscriptionResponse:
        """Async version of `transcribe`."""
        conceal_options(settings)
        sound = await self._load_audio(audio, is_async=True)
        pipeline, call = self._transcription_call(sound, "transcribe", settings, is_async=True)
        return await pipeline.perform(call, types.TranscriptionResponse)

    @conceals_its_options
    def translate(self, audio: Sound, **settings: Unpack[TranscribeSettings]) -> TranscriptionResponse:
        """Transcribe audio and translate the text to English; arguments as for `transcribe`.

        Args:
            audio: The recording.
            **settings: See `TranscribeSettings`.
        """
        conceal_options(settings)
        pipeline, call = self._transcription_call(load_audio(audio), "translate", settings, is_async=False)
        return run(pipeline.perform(call, types.TranscriptionResponse))

    @conceals_its_options
    async def translate_async(self, audio: Sound, **settings: Unpack[TranscribeSettings]) -> TranscriptionResponse:
        """Async version of `translate`."""
        conceal_options(settings)
        sound = await self._load_audio(audio, is_async=True)
        pipeline, call = self._transcription_call(sound, "translate", settings, is_async=True)
        return await pipeline.perform(call, types.TranscriptionResponse)

    @conceals_its_options
    def transcribe_stream(self, audio: Sound, **settings: Unpack[TranscribeSettings]) -> SyncTranscript:
        """Transcribe audio as a stream of text chunks.

        Args:
            audio: The recording.
            **settings: See `TranscribeSettings`.

        Returns:
            An iterator of chunks; its `response` is the complete transcription once the stream has ended.
        """
        conceal_options(settings)
        pipeline, call = self._transcription_call(load_audio(audio), "transcribe", settings, is_async=False)
        return streams.SyncTranscript(pipeline, call, run(pipeline.start(as_streaming(call))))

    @conceals_its_options
    async def transcribe_stream_async(self, audio: Sound, **settings: Unpack[TranscribeSettings]) -> AsyncTranscript:
        """Async version of `transcribe_stream`, for `async for`."""
        conceal_options(settings)
        pipeline, call = self._transcription_call(
            await self._load_audio(audio, is_async=True), "transcribe", settings, is_async=True
        )
        return streams.AsyncTranscript(pipeline, call, await pipeline.start(as_streaming(call)))

    @conceals_its_options
    def speak(self, text: str, **settings: Unpack[SpeakSettings]) -> SpeechResponse:
        """Convert text to speech.

        Args:
            text: The text to speak.
            **settings: Fields of `SpeechRequest` (such as `voice`) and of `AIModelCallConfig`.

        Returns:
            The complete audio.
        """
        conceal_options(settings)
        return run(self._speak(text, settings, is_async=False))

    @conceals_its_options
    async def speak_async(self, text: str, **settings: Unpack[SpeakSettings]) -> SpeechResponse:
        """Async version of `speak`."""
        conceal_options(settings)
        return await self._speak(text, settings, is_async=True)

    @conceals_its_options
    def speak_stream(self, text: str, **settings: Unpack[SpeakSettings]) -> SyncSpeech:
        """Convert text to speech as a stream.

        Args:
            text: The text.
            **settings: See `SpeakSettings`.

        Returns:
            An iterator of audio bytes; `save()` writes them to a file.
        """
        conceal_options(settings)
        pipeline, call = self._speech_call(text, settings, is_async=False)
        return streams.SyncSpeech(pipeline, call, run(pipeline.start(as_streaming(call))))

    @conceals_its_options
    async def speak_stream_async(self, text: str, **settings: Unpack[SpeakSettings]) -> AsyncSpeech:
        """Async version of `speak_stream`, for `async for`."""
        conceal_options(settings)
        pipeline, call = self._speech_call(text, settings, is_async=True)
        return streams.AsyncSpeech(pipeline, call, await pipeline.start(as_streaming(call)))

    async def _load_audio(self, audio: Sound, *, is_async: bool) -> AudioContent:
        """Read files with the IO object's `call`, which does not block the event loop."""
        if isinstance(audio, str | PathLike) and not is_address(audio):
            return await self._pipeline("transcribe", is_async=is_async).io.call(load_audio, audio)
        return load_audio(audio)

    def _speak(self, text: str, settings: Mapping[str, Any], *, is_async: bool) -> Coroutine[Any, Any, SpeechResponse]:
        pipeline, call = self._speech_call(text, settings, is_async=is_async)
        return pipeline.perform(call, types.SpeechResponse)

    def _transcription_call(
        self, sound: AudioContent, task: str, settings: Mapping[str, Any], *, is_async: bool
    ) -> tuple[Pipeline, Call]:
        given = {"audio": sound, "task": task}
        return self._prepare("transcribe", types.TranscriptionRequest, given, settings, is_async)

    def _speech_call(self, text: str, settings: Mapping[str, Any], *, is_async: bool) -> tuple[Pipeline, Call]:
        return self._prepare("speak", types.SpeechRequest, {"text": text}, settings, is_async)


def as_streaming(call: Call) -> Call:
    return replace(call, config=call.config.model_copy(update={"streaming": True}))


def is_address(given: Any) -> bool:
    return isinstance(given, str) and given.startswith(("http://", "https://"))


def load_audio(given: Sound) -> AudioContent:
    """Return the audio as `AudioContent`; the MIME type is detected from the first bytes."""
    if isinstance(given, AudioContent):
        return given
    if isinstance(given, bytes | bytearray):
        return AudioContent(data=bytes(given), mime_type=audio_type(bytes(given[:64])))
    if isinstance(given, str) and is_address(given):
        return AudioContent(url=given)
    if not isinstance(given, str | PathLike):
        raise ConfigurationError(f"audio must be a path, a URL, bytes or AudioContent, not {type(given).__name__}")
    path = require_path("the audio", given, home=True)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"the audio file {path} cannot be read: {error.strerror}") from error
    return AudioContent(data=data, name=path.name, mime_type=audio_type(data[:64]))
