"""Gemini's speaking: the chat protocol, asked for sound. It comes as samples, and leaves as a WAV file."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from typing import Any

from ...dataclass import replace
from ...errors import UnsupportedError
from ...types.audio import SpeechRequest, SpeechResponse, SpokenAudio
from ...types.call import Call
from ...types.content import TextContent
from ...types.delta import Delta, Ended, Made, MediaDelta, PartDelta, Terminal
from ...types.message import Message
from ..audio import headed
from ..base import Outgoing, Reading
from ..operation import request_of
from ..warnings import Warnings
from .codec import Gemini
from .quirks import GeminiQuirks
from .through_chat import ThroughChat


class GeminiSpeech(Gemini):
    """Samples without a head, as they are made."""

    name = "gemini.speech"

    def encode(self, call: Call, quirks: GeminiQuirks) -> Outgoing:
        request, provider = request_of(call, SpeechRequest), str(call.endpoint.api.provider)
        if request.format not in (None, "wav", "pcm"):
            raise UnsupportedError(f"{provider} does not speak in {request.format}; it has: wav, pcm")
        warnings = Warnings(provider)
        if request.speed is not None:
            warnings.unsupported("speed", "say in the instructions how fast to speak")
        speech: dict[str, Any] = {}
        if request.voice:
            speech["voiceConfig"] = {"prebuiltVoiceConfig": {"voiceName": request.voice}}
        if request.language:
            speech["languageCode"] = request.language
        words = f"{request.instructions}: {request.text}" if request.instructions else request.text
        options = call.config.options
        generation = {"responseModalities": ["AUDIO"], **({"speechConfig": speech} if speech else {})}
        wanted = {**options, "generationConfig": {**generation, **(options.get("generationConfig") or {})}}
        said = replace(
            call,
            messages=(Message(role="user", contents=[TextContent(text=words)]),),
            config=call.config.model_copy(update={"options": wanted}),
        )
        outgoing = super().encode(said, quirks)
        told = (*outgoing.warnings, *warnings.all())
        return replace(outgoing, warnings=told, reading=Reading(SpeechReader(request.format)))


class SpeechReader(ThroughChat):
    """Sound in pieces, and all of it at the end."""

    __slots__ = ("_format", "_heard", "_kind")

    def __init__(self, wanted: str | None) -> None:
        super().__init__()
        self._format = wanted
        self._kind = "audio/L16;rate=24000"
        self._heard: list[bytes] = []

    def _read(self, deltas: Iterable[Delta]) -> Iterator[Delta]:
        for delta in deltas:
            if isinstance(delta, MediaDelta):
                self._heard.append(base64.b64decode(delta.base64))
                self._kind = delta.mime_type or self._kind
                yield delta
            elif isinstance(delta, Terminal):
                if self._heard:
                    data, kind = headed(b"".join(self._heard), self._kind, self._format)
                    yield Made(SpeechResponse(audio=SpokenAudio(data=data, mime_type=kind)))
                yield delta
            elif not isinstance(delta, PartDelta | Ended):
                yield delta


CODEC = GeminiSpeech()
