"""Speech synthesis in OpenAI's format."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from typing import Any

from ...errors import CallError, UnsupportedError
from ...http.protocol.message import Head
from ...types.chat.delta import Delta, ErrorDelta, MediaDelta, ResultDelta, StreamEnd
from ...types.chat.usage import Usage
from ...types.config.call import Call
from ...types.operations.audio import SpeechRequest, SpeechResponse, SpokenAudio
from ...wire import json
from ...wire.media_types import audio_type
from ...wire.sse import BytesAsFrames, Frame, Frames, SseFrames
from ..base import EncodedRequest, ResponseFormat
from ..common.plan import WarningCollector
from ..common.response_fields import (
    Report,
    TokenReport,
    count,
    invalid_counts,
    read_object,
    split_if_counted,
    usage_deltas,
)
from ..error_mapping import contains_error, parse_body
from ..openai_chat.response import read_error
from ..operations.media import AudioReader, rename_fields, speech_usage
from ..operations.operation import request_of
from ..operations.quirks import SpeechQuirks


class OpenAISpeech:
    """Stateless codec; one instance is enough."""

    name = "openai_rest.speech"

    def encode(self, call: Call, quirks: SpeechQuirks) -> EncodedRequest:
        return write(call, quirks)

    def frames(self) -> Frames:
        return SseFrames()

    def decoder(self, quirks: SpeechQuirks) -> SpeechEventReader:
        return SpeechEventReader(None)

    def error(self, head: Head, body: bytes) -> CallError:
        return read_error(head, parse_body(body))


def write(call: Call, quirks: SpeechQuirks) -> EncodedRequest:
    request, provider = request_of(call, SpeechRequest), str(call.endpoint.api.provider)
    warnings = WarningCollector(provider)
    body: dict[str, Any] = {quirks.text: request.text}
    if quirks.names_model:
        body["model"] = call.endpoint.ai_model.model_name
    wanted = {
        "voice": request.voice or quirks.default_voice,
        "format": format_of(request, quirks, provider),
        "speed": request.speed,
        "instructions": request.instructions,
        "language": request.language,
    }
    body.update(quirks.defaults)
    body.update(rename_fields(wanted, quirks.params, warnings))
    if call.config.streaming and quirks.answers == "json":
        body["stream"] = True
    body.update({**call.endpoint.ai_model.parameters, **call.config.options})
    return EncodedRequest(
        quirks.path,
        body,
        {},
        warnings.all(),
        response_format=response_format(request, quirks),
        expected_usage=speech_usage(request),
    )


def format_of(request: SpeechRequest, quirks: SpeechQuirks, provider: str) -> Any:
    if request.format is None:
        return None
    wire = quirks.formats.get(request.format, request.format)
    if wire is None:
        known = ", ".join(name for name, value in quirks.formats.items() if value is not None)
        raise UnsupportedError(f"{provider}: format {request.format} is not supported. Use one of: {known}")
    return wire


def response_format(request: SpeechRequest, quirks: SpeechQuirks) -> ResponseFormat:
    if quirks.answers == "json":
        return ResponseFormat(SpeechEventReader(request))
    return ResponseFormat(AudioReader(request), BytesAsFrames, "blob")


class SpeechEventReader:
    """Reads base64 speech from one JSON document or from events."""

    __slots__ = ("_received", "_request")

    def __init__(self, request: SpeechRequest | None) -> None:
        self._request = request
        self._received = bytearray()

    def whole(self, body: Any) -> Iterator[Delta]:
        if "audio_data" not in body and contains_error(body):
            yield ErrorDelta(read_error(Head(0), body))
            return
        yield from self._speech_result(base64.b64decode(body["audio_data"]), read_object(body, "usage"))

    def frame(self, frame: Frame) -> Iterable[Delta]:
        data = frame.data.strip()
        event = (json.loads(data) if data and data != b"[DONE]" else None) or {}
        kind = str(event.get("type") or frame.event or "")
        if kind.endswith("audio.delta"):
            text = event.get("audio_data") or event.get("audio") or ""
            self._received += base64.b64decode(text)
            return (MediaDelta("speech", "audio", text),)
        if kind.endswith("audio.done"):
            return self._speech_result(bytes(self._received), read_object(event, "usage"))
        if kind == "error" or event.get("error"):
            return (ErrorDelta(read_error(Head(0), event)),)
        return ()

    def finish(self) -> Iterable[Delta]:
        return ()

    def _speech_result(self, data: bytes, report: Report) -> Iterator[Delta]:
        yield from usage_deltas(read_usage(report, speech_usage(self._request)))
        wanted = self._request.format if self._request else None
        kind = audio_type(data) or f"audio/{wanted or 'mpeg'}"
        yield ResultDelta(SpeechResponse(audio=SpokenAudio(data=data, mime_type=kind)))
        yield StreamEnd()


def read_usage(report: Report, counted: Usage) -> Usage:
    """Add reported tokens to the counted characters; output tokens are tokens of audio."""
    buckets = split_if_counted(
        TokenReport(count(report, "input_tokens"), count(report, "output_tokens"), count(report, "total_tokens"))
    )
    if not buckets.counts:
        return counted
    counts = dict(buckets.counts)
    spoken = counts.pop("output_tokens", 0)
    return Usage.model_validate(
        {
            **counts,
            "output_audio_tokens": spoken,
            "units": counted.units,
            "counted": counted.counted,
            "unclear": (*buckets.unclear, *invalid_counts(report)),
            "raw": dict(report),
        }
    )


CODEC = OpenAISpeech()
