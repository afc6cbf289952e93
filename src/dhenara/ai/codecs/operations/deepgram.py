"""Deepgram: speech, transcription, their query parameters and errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from ...errors import CallError, UnsupportedError
from ...http.protocol.message import Head
from ...types.chat.delta import Delta, ResponseStart, ResultDelta, UsageDelta
from ...types.chat.message import Text
from ...types.chat.usage import Usage
from ...types.config.call import Call
from ...types.operations.audio import SpeechRequest, TranscriptionRequest, TranscriptionResponse
from ...wire.sse import BytesAsFrames, Frames, SseFrames
from ..base import EncodedRequest, ResponseFormat
from ..common.plan import WarningCollector
from ..common.response_fields import Wire, amount, read_object, read_text
from ..error_mapping import error_from_response, parse_body
from .media import (
    AudioReader,
    audio_bytes,
    counted_seconds,
    kind_of,
    read_segment,
    read_word,
    rename_fields,
    speech_usage,
)
from .operation import OperationCodec, request_of
from .quirks import SpeechQuirks, TranscriptionQuirks


def path_with_query(path: str, wanted: Mapping[str, Any]) -> str:
    """Return the path with query; booleans as words, lists as repeated parameters."""
    pairs = [(name, query_value(one)) for name, value in wanted.items() for one in as_list(value)]
    return f"{path}?{urlencode(pairs)}" if pairs else path


def as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def query_value(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def read_error(head: Head, body: Any) -> CallError:
    """`{"err_code", "err_msg", "request_id"}`, or `{"category", "message", "details"}`."""
    data = body if isinstance(body, dict) else {}
    message = data.get("err_msg") or data.get("message") or data.get("details")
    code = data.get("err_code") or data.get("category")
    return error_from_response(head, body, message, code)


FORMATS = {
    "mp3": {"encoding": "mp3"},
    "wav": {"encoding": "linear16", "container": "wav"},
    "pcm": {"encoding": "linear16", "container": "none"},
    "opus": {"encoding": "opus"},
    "flac": {"encoding": "flac"},
    "aac": {"encoding": "aac"},
}


class DeepgramSpeech:
    """Stateless codec; one instance is enough."""

    name = "deepgram.speech"

    def encode(self, call: Call, quirks: SpeechQuirks) -> EncodedRequest:
        request = request_of(call, SpeechRequest)
        warnings = WarningCollector(str(call.endpoint.api.provider))
        wanted: dict[str, Any] = {"model": with_voice(call.endpoint.ai_model.model_name, request.voice)}
        words = {"speed": request.speed, "instructions": request.instructions, "language": request.language}
        wanted.update(rename_fields(words, quirks.params, warnings))
        wanted.update(FORMATS[request.format] if request.format else {})
        wanted.update({**quirks.defaults, **call.endpoint.ai_model.parameters, **call.config.options})
        response_format = ResponseFormat(AudioReader(request), BytesAsFrames, "blob")
        body = {"text": request.text}
        return EncodedRequest(
            path_with_query(quirks.path, wanted),
            body,
            {},
            warnings.all(),
            response_format=response_format,
            expected_usage=speech_usage(request),
        )

    def frames(self) -> Frames:
        return SseFrames()

    def decoder(self, quirks: SpeechQuirks) -> AudioReader:
        return AudioReader(SpeechRequest(text="?"))

    def error(self, head: Head, body: bytes) -> CallError:
        return read_error(head, parse_body(body))


def with_voice(model: str, voice: str | None) -> str:
    """Return the model name for a voice: `aura-2-thalia-en` with `zeus` is `aura-2-zeus-en`; a full model name is
    kept.
    """
    parts = model.split("-")
    if voice is None:
        return model
    if "-" in voice or len(parts) < 3:
        return voice
    return "-".join((*parts[:-2], voice.lower(), parts[-1]))


SPEECH = DeepgramSpeech()


def write_transcription(call: Call, quirks: TranscriptionQuirks) -> EncodedRequest:
    request, provider = request_of(call, TranscriptionRequest), str(call.endpoint.api.provider)
    if request.task == "translate":
        raise UnsupportedError(f"{provider}: translation is not supported. Use whisper at openai or groq")
    warnings = WarningCollector(provider)
    if call.config.streaming:
        warnings.unsupported("streaming", "transcripts are not streamed")
    wanted: Wire = {"model": call.endpoint.ai_model.model_name, **quirks.defaults}
    fields = {"language": request.language, "prompt": request.prompt, "temperature": call.config.temperature}
    wanted.update(rename_fields(fields, quirks.params, warnings))
    if request.timestamps == "segment" or request.diarize:
        wanted["utterances"] = True
    if request.diarize:
        wanted.update(quirks.speakers or {})
    wanted.update({**call.endpoint.ai_model.parameters, **call.config.options})
    audio, path = request.audio, path_with_query(quirks.path, wanted)
    if audio.data is None and audio.url is not None:
        return EncodedRequest(path, {"url": audio.url}, {}, warnings.all())
    kind = {"content-type": kind_of(audio)}
    expected = None if wanted.get("multichannel") else counted_seconds(audio)
    data = audio_bytes(audio, provider)
    return EncodedRequest(path, {}, kind, warnings.all(), payload=data, expected_usage=expected)


def read_transcription(quirks: TranscriptionQuirks, body: Any) -> Iterator[Delta]:
    data, results = read_object(body, "metadata"), body["results"]
    yield ResponseStart(read_text(data, "request_id") or None, model_name(data))
    duration = amount(data, "duration")
    # Each channel of a recording is billed where they are transcribed separately.
    billed = duration * max(1, len(results["channels"])) if duration else None
    yield UsageDelta(Usage(units={"seconds": billed}) if billed else Usage.unknown())
    received = [alternatives[0] for channel in results["channels"] if (alternatives := channel.get("alternatives"))]
    languages = [channel.get("detected_language") for channel in results["channels"]]
    yield ResultDelta(
        TranscriptionResponse(
            text=Text("\n".join(one.get("transcript") or "" for one in received)),
            language=next(filter(None, languages), None),
            duration=duration,
            segments=[read_segment(one) for one in results.get("utterances") or ()],
            words=[read_word(word) for one in received for word in one.get("words") or ()],
            extras={name: value for name, value in results.items() if name not in ("channels", "utterances") and value},
        )
    )


def model_name(data: Wire) -> str | None:
    """Return the name of the model, which is listed next to its id."""
    known = read_object(data, "model_info").values()
    return next((name for model in known if isinstance(model, dict) and (name := read_text(model, "name"))), None)


TRANSCRIPTION = OperationCodec("deepgram.transcription", write_transcription, read_transcription, read_error)
