"""Transcription in OpenAI's format: a form with a file."""

from __future__ import annotations

from typing import Any

from ...errors import CallError, ConfigurationError, UnsupportedError
from ...types.audio import TranscriptionRequest
from ...types.call import Call
from ...wire import json
from ...wire.frame import Frames
from ...wire.http import Head
from ...wire.multipart import Field, FilePart, Multipart
from ...wire.sse import SseFrames
from ..audio import audio_bytes, file_name, kind_of, rename_fields
from ..audio_quirks import TranscriptionQuirks
from ..base import EncodedRequest, ResponseFormat
from ..failure import parse_body
from ..openai_chat.codec import read_error
from ..operation import request_of
from ..warnings import WarningCollector
from .transcription_reader import TranscriptionReader

Pairs = list[tuple[str, Any]]


class OpenAITranscription:
    """Stateless codec; one instance is enough."""

    name = "openai_rest.transcription"

    def encode(self, call: Call, quirks: TranscriptionQuirks) -> EncodedRequest:
        return write(call, quirks)

    def frames(self) -> Frames:
        return SseFrames()

    def decoder(self, quirks: TranscriptionQuirks) -> TranscriptionReader:
        return TranscriptionReader()

    def error(self, head: Head, body: bytes) -> CallError:
        return read_error(head, parse_body(body))


def write(call: Call, quirks: TranscriptionQuirks) -> EncodedRequest:
    request, provider = request_of(call, TranscriptionRequest), str(call.endpoint.api.provider)
    warnings = WarningCollector(provider)
    check_needs(request, quirks, provider)
    fields: Pairs = [("model", call.endpoint.ai_model.model_name)] if quirks.names_model else []
    wanted = {"language": request.language, "prompt": request.prompt, "temperature": call.config.temperature}
    translates = request.task == "translate"
    if translates:
        wanted["language"] = None
    fields += [*rename_fields(wanted, quirks.params, warnings), *write_times(request, quirks, warnings)]
    fields += write_speakers(request, quirks, warnings)
    if call.config.streaming and quirks.streams:
        fields.append(("stream", True))
    elif call.config.streaming:
        warnings.unsupported("streaming", "transcripts are not streamed")
    more = {**quirks.defaults, **call.endpoint.ai_model.parameters, **call.config.options}
    fields = [*(pair for pair in fields if pair[0] not in more), *more.items()]
    # xAI requires the file after all other fields.
    form = Multipart((*(part for pair in fields for part in form_fields(*pair)), source(request, quirks, provider)))
    response_format = ResponseFormat(TranscriptionReader(), body="blob")
    return EncodedRequest(
        path(quirks, provider, translates=translates),
        {},
        {},
        warnings.all(),
        payload=form,
        response_format=response_format,
    )


def path(quirks: TranscriptionQuirks, provider: str, *, translates: bool) -> str:
    if not translates:
        return quirks.path
    if quirks.translations_path is None:
        raise UnsupportedError(f"{provider}: this model does not support translation. Use whisper at openai or groq")
    return quirks.translations_path


def check_needs(request: TranscriptionRequest, quirks: TranscriptionQuirks, provider: str) -> None:
    for name in quirks.needs:
        if getattr(request, name) is None:
            raise ConfigurationError(f"{provider}: transcription needs {name}. Pass {name}='en' or another")


def write_times(request: TranscriptionRequest, quirks: TranscriptionQuirks, warnings: WarningCollector) -> Pairs:
    if request.timestamps is None or quirks.timestamps == "always":
        return []
    if request.diarize and quirks.speakers is not None and quirks.timestamps == "never":
        return []  # speakers are returned with the timestamps
    if quirks.timestamps == "never":
        warnings.unsupported("timestamps", "this model does not return timestamps")
        return []
    fine = [("timestamp_granularities[]", request.timestamps)]
    if quirks.timestamps == "plain":
        return [("timestamp_granularities", request.timestamps)]
    if request.timestamps == "word":
        fine.append(("timestamp_granularities[]", "segment"))
    # Translations have only segment timestamps.
    return [("response_format", "verbose_json"), *(fine if request.task == "transcribe" else [])]


def write_speakers(request: TranscriptionRequest, quirks: TranscriptionQuirks, warnings: WarningCollector) -> Pairs:
    if not request.diarize:
        return []
    if quirks.speakers is None:
        warnings.unsupported("diarize", "this model does not support speaker detection")
        return []
    return list(quirks.speakers.items())


def source(request: TranscriptionRequest, quirks: TranscriptionQuirks, provider: str) -> Field | FilePart:
    """Return the audio, or a reference to it."""
    audio = request.audio
    if audio.file_id is not None and quirks.audio_id is not None:
        return Field(quirks.audio_id, audio.file_id)
    if audio.data is None and audio.url is not None and quirks.audio_url is not None:
        return Field(quirks.audio_url, audio.url)
    return FilePart("file", audio_bytes(audio, provider), file_name(audio), kind_of(audio))


def form_fields(name: str, value: Any) -> list[Field]:
    """Encode a form value: lists as repeated fields."""
    values = value if isinstance(value, list | tuple) else [value]
    return [Field(name, one if isinstance(one, str) else json.dumps(one).decode()) for one in values]


CODEC = OpenAITranscription()
