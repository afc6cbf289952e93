"""Text as speech, as OpenAI and those who follow it ask for it."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from typing import Any

from ...errors import CallError, UnsupportedError
from ...types.audio import SpeechRequest, SpeechResponse, SpokenAudio
from ...types.call import Call
from ...types.delta import Delta, Failed, Made, MediaDelta, Terminal, Used
from ...wire import json
from ...wire.frame import BytesAsFrames, Frame, Frames
from ...wire.http import Head
from ...wire.sounds import sound_of
from ...wire.sse import SseFrames
from ..audio import SoundReader, named, spoken_usage
from ..audio_quirks import SpeechQuirks
from ..base import Outgoing, Reading
from ..failure import parse_body
from ..openai_chat.codec import read_error
from ..operation import request_of, says_why
from ..warnings import Warnings


class OpenAISpeech:
    """Stateless; one is enough."""

    name = "openai_rest.speech"

    def encode(self, call: Call, quirks: SpeechQuirks) -> Outgoing:
        return write(call, quirks)

    def frames(self) -> Frames:
        return SseFrames()

    def decoder(self, quirks: SpeechQuirks) -> EventReader:
        return EventReader(None)

    def error(self, head: Head, body: bytes) -> CallError:
        return read_error(head, parse_body(body))


def write(call: Call, quirks: SpeechQuirks) -> Outgoing:
    request, provider = request_of(call, SpeechRequest), str(call.endpoint.api.provider)
    warnings = Warnings(provider)
    body: dict[str, Any] = {quirks.text: request.text}
    if quirks.names_model:
        body["model"] = call.endpoint.ai_model.model_name
    wanted = {
        "voice": request.voice or quirks.usual_voice,
        "format": format_of(request, quirks, provider),
        "speed": request.speed,
        "instructions": request.instructions,
        "language": request.language,
    }
    body.update(quirks.defaults)
    body.update(named(wanted, quirks.params, warnings))
    if call.config.streaming and quirks.answers == "json":
        body["stream"] = True
    body.update({**call.endpoint.ai_model.parameters, **call.config.options})
    return Outgoing(quirks.path, body, {}, warnings.all(), reading=reading(request, quirks))


def format_of(request: SpeechRequest, quirks: SpeechQuirks, provider: str) -> Any:
    if request.format is None:
        return None
    wire = quirks.formats.get(request.format, request.format)
    if wire is None:
        known = ", ".join(name for name, value in quirks.formats.items() if value is not None)
        raise UnsupportedError(f"{provider} does not speak in {request.format}; it has: {known}")
    return wire


def reading(request: SpeechRequest, quirks: SpeechQuirks) -> Reading:
    if quirks.answers == "json":
        return Reading(EventReader(request))
    return Reading(SoundReader(request), BytesAsFrames, "blob")


class EventReader:
    """Speech in base64: in one JSON document, or in events."""

    __slots__ = ("_heard", "_request")

    def __init__(self, request: SpeechRequest | None) -> None:
        self._request = request
        self._heard = bytearray()

    def whole(self, body: Any) -> Iterator[Delta]:
        if "audio_data" not in body and says_why(body):
            yield Failed(read_error(Head(0), body))
            return
        yield from self._made(base64.b64decode(body["audio_data"]))

    def frame(self, frame: Frame) -> Iterable[Delta]:
        data = frame.data.strip()
        event = (json.loads(data) if data and data != b"[DONE]" else None) or {}
        kind = str(event.get("type") or frame.event or "")
        if kind.endswith("audio.delta"):
            said = event.get("audio_data") or event.get("audio") or ""
            self._heard += base64.b64decode(said)
            return (MediaDelta("speech", "audio", said),)
        if kind.endswith("audio.done"):
            return self._made(bytes(self._heard))
        if kind == "error" or event.get("error"):
            return (Failed(read_error(Head(0), event)),)
        return ()

    def finish(self) -> Iterable[Delta]:
        return ()

    def _made(self, data: bytes) -> Iterator[Delta]:
        yield Used(spoken_usage(self._request))
        wanted = self._request.format if self._request else None
        kind = sound_of(data) or f"audio/{wanted or 'mpeg'}"
        yield Made(SpeechResponse(audio=SpokenAudio(data=data, mime_type=kind)))
        yield Terminal()


CODEC = OpenAISpeech()
