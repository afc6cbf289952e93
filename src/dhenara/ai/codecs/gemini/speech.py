"""Gemini speech with the chat protocol: raw samples in, WAV out."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from ...errors import UnsupportedError
from ...types.chat.delta import Delta, FinishDelta, MediaDelta, PartDelta, ResultDelta, StreamEnd
from ...types.chat.message import Message
from ...types.config.call import Call
from ...types.content.parts import TextContent
from ...types.operations.audio import SpeechRequest, SpeechResponse, SpokenAudio
from ..base import EncodedRequest, ResponseFormat
from ..common.warnings import WarningCollector
from ..operations.audio import add_wav_header
from ..operations.operation import request_of
from .codec import ChatAdapterReader, Gemini
from .quirks import GeminiQuirks


class GeminiSpeech(Gemini):
    """Receives raw samples without a header."""

    name = "gemini.speech"

    def encode(self, call: Call, quirks: GeminiQuirks) -> EncodedRequest:
        request, provider = request_of(call, SpeechRequest), str(call.endpoint.api.provider)
        if request.format not in (None, "wav", "pcm"):
            raise UnsupportedError(f"{provider}: format {request.format} is not supported. Use wav or pcm")
        warnings = WarningCollector(provider)
        if request.speed is not None:
            warnings.unsupported("speed", "describe the speed in instructions instead")
        speech: dict[str, Any] = {}
        if request.voice:
            speech["voiceConfig"] = {"prebuiltVoiceConfig": {"voiceName": request.voice}}
        if request.language:
            speech["languageCode"] = request.language
        words = f"{request.instructions}: {request.text}" if request.instructions else request.text
        options = call.config.options
        generation = {"responseModalities": ["AUDIO"], **({"speechConfig": speech} if speech else {})}
        wanted = {**options, "generationConfig": {**generation, **(options.get("generationConfig") or {})}}
        text_value = replace(
            call,
            messages=(Message(role="user", contents=[TextContent(text=words)]),),
            config=call.config.model_copy(update={"options": wanted}),
        )
        encoded = super().encode(text_value, quirks)
        data = (*encoded.warnings, *warnings.all())
        return replace(encoded, warnings=data, response_format=ResponseFormat(SpeechReader(request.format)))


class SpeechReader(ChatAdapterReader):
    """Emits audio in pieces, and all of it at the end."""

    __slots__ = ("_format", "_kind", "_received")

    def __init__(self, wanted: str | None) -> None:
        super().__init__()
        self._format = wanted
        self._kind = "audio/L16;rate=24000"
        self._received: list[bytes] = []

    def _read(self, deltas: Iterable[Delta]) -> Iterator[Delta]:
        for delta in deltas:
            if isinstance(delta, MediaDelta):
                self._received.append(base64.b64decode(delta.base64))
                self._kind = delta.mime_type or self._kind
                yield delta
            elif isinstance(delta, StreamEnd):
                if self._received:
                    data, kind = add_wav_header(b"".join(self._received), self._kind, self._format)
                    yield ResultDelta(SpeechResponse(audio=SpokenAudio(data=data, mime_type=kind)))
                yield delta
            elif not isinstance(delta, PartDelta | FinishDelta):
                yield delta


CODEC = GeminiSpeech()
