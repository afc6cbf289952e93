"""The class by which version 1 transcribes and speaks."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from .audio import (
    AnyPath,
    AudioFile,
    AudioFormat,
    AudioGenerationResult,
    TranscriptionResult,
    describe_audio_file,
)

if TYPE_CHECKING:
    from ..client import AiClient
    from ..value_types import JsonObject


class AudioProcessor:
    """Transcribes and speaks with a client.

    Args:
        client: The client; None makes one from the environment.
    """

    def __init__(self, client: AiClient | None = None) -> None:
        if client is None:
            from ..client import AiClient

            client = AiClient()
        self.client = client

    def transcribe_audio(
        self,
        audio_file: AnyPath | AudioFile,
        language: str | None = None,
        model: str | None = None,
        prompt: str | None = None,
        temperature: float = 0.0,
        response_format: str = "json",
        timestamp_granularities: list[str] | None = None,
    ) -> TranscriptionResult:
        """Transcribe a recording."""
        path = audio_file.file_path if isinstance(audio_file, AudioFile) else audio_file
        form = "verbose_json" if timestamp_granularities else response_format
        method = getattr(self.client, "transcribe_audio")  # noqa: B009  # a method of version 1, which types do not show
        answer: JsonObject = method(path, language, model, prompt, temperature, form)
        facts = {name: value for name, value in answer.items() if name not in ("word_count", "character_count")}
        return TranscriptionResult.model_validate({**facts, "model_used": facts["model_used"] or "unknown"})

    def generate_audio(
        self,
        text: str,
        voice: str = "alloy",
        model: str | None = None,
        speed: float = 1.0,
        response_format: AudioFormat | str = AudioFormat.MP3,
    ) -> AudioGenerationResult:
        """Convert text to speech."""
        began = time.monotonic()
        method = getattr(self.client, "generate_audio")  # noqa: B009  # a method of version 1, which types do not show
        data: bytes = method(text, voice, model, speed, str(response_format))
        return AudioGenerationResult(
            audio_data=data,
            format=AudioFormat(response_format),
            text=text,
            voice=voice,
            model_used=model or "default",
            processing_time_seconds=time.monotonic() - began,
            file_size_bytes=len(data),
        )

    def transcribe_and_generate(
        self, audio_file: AnyPath | AudioFile, target_voice: str = "alloy", translation_prompt: str | None = None
    ) -> tuple[TranscriptionResult, AudioGenerationResult]:
        """Transcribe a recording, let the model change its text as the prompt says, and convert the text to speech."""
        transcript = self.transcribe_audio(audio_file)
        text = (
            str(self.client.ask(f"{translation_prompt}\n\n{transcript.text}"))
            if translation_prompt
            else transcript.text
        )
        return transcript, self.generate_audio(text, target_voice)

    def get_supported_voices(self) -> list[JsonObject]:
        """Return the voices that version 1 listed."""
        voices: list[JsonObject] = getattr(self.client, "get_audio_voices")()  # noqa: B009  # as above
        return voices

    def get_supported_models(self, operation: str = "transcription") -> list[str]:
        """Return the usual models for `transcription` or `generation`."""
        return {"transcription": ["whisper-1"], "generation": ["tts-1", "tts-1-hd"]}.get(operation, [])

    def validate_audio_for_transcription(self, audio_file: AnyPath) -> JsonObject:
        """Return whether a file can be transcribed."""
        return describe_audio_file(audio_file)
