"""Deepgram speech: the voice is a part of the model name."""

from __future__ import annotations

from typing import Any

from ...errors import CallError
from ...http.protocol.message import Head
from ...types.config.call import Call
from ...types.operations.audio import SpeechRequest
from ...wire.frame import BytesAsFrames, Frames
from ...wire.sse import SseFrames
from ..base import EncodedRequest, ResponseFormat
from ..common.warnings import WarningCollector
from ..failure import parse_body
from ..operations.audio import AudioReader, SpeechQuirks, rename_fields
from ..operations.operation import request_of
from .request import address, read_refusal

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
        return EncodedRequest(address(quirks.path, wanted), body, {}, warnings.all(), response_format=response_format)

    def frames(self) -> Frames:
        return SseFrames()

    def decoder(self, quirks: SpeechQuirks) -> AudioReader:
        return AudioReader(SpeechRequest(text="?"))

    def error(self, head: Head, body: bytes) -> CallError:
        return read_refusal(head, parse_body(body))


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


CODEC = DeepgramSpeech()
