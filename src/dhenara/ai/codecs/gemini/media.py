"""Speech, transcription and images over generateContent, and images of Imagen."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from ...errors import ContentFilteredError, UnsupportedError
from ...types.chat.delta import (
    Delta,
    ErrorDelta,
    FinishDelta,
    MediaDelta,
    PartDelta,
    ResultDelta,
    StreamEnd,
    TextDelta,
    UsageDelta,
)
from ...types.chat.message import Message, Text
from ...types.chat.usage import Usage
from ...types.config.call import Call
from ...types.content.parts import TextContent
from ...types.operations.audio import (
    SpeechRequest,
    SpeechResponse,
    SpokenAudio,
    SpokenSegment,
    TranscriptionRequest,
    TranscriptionResponse,
)
from ...types.operations.images import GeneratedImage, ImageResponse
from ...wire import json
from ..base import EncodedRequest, ResponseFormat
from ..common.plan import WarningCollector
from ..operations.media import add_wav_header, read_image_prompt
from ..operations.operation import DocumentReader, OperationCodec, request_of
from ..operations.quirks import ImageQuirks
from ..quirks import GeminiQuirks
from .codec import ChatAdapterReader, Gemini, model_path
from .embeddings import resource_path
from .response import read_error


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
        warned = (*encoded.warnings, *warnings.all())
        return replace(encoded, warnings=warned, response_format=ResponseFormat(SpeechReader(request.format)))


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


SPEECH = GeminiSpeech()


SEGMENT = {
    "type": "OBJECT",
    "properties": {
        "text": {"type": "STRING"},
        "start": {"type": "STRING", "description": "MM:SS.mmm from the beginning"},
        "end": {"type": "STRING", "description": "MM:SS.mmm from the beginning"},
        "speaker": {"type": "STRING"},
    },
    "required": ["text", "start", "end"],
}
SCHEMA = {
    "type": "OBJECT",
    "properties": {"language": {"type": "STRING"}, "segments": {"type": "ARRAY", "items": SEGMENT}},
    "required": ["segments"],
}


class GeminiTranscription(Gemini):
    """Requests structured output if timestamps or speakers are needed."""

    name = "gemini.transcription"

    def encode(self, call: Call, quirks: GeminiQuirks) -> EncodedRequest:
        request = request_of(call, TranscriptionRequest)
        shaped = bool(request.timestamps or request.diarize)
        warnings = WarningCollector(str(call.endpoint.api.provider))
        if request.timestamps == "word":
            warnings.clamped("timestamps", "this model returns timestamps of segments, not of words")
        words = Message(role="user", contents=[TextContent(text=transcription_prompt(request)), request.audio])
        options = call.config.options
        if shaped:
            generation = {"responseMimeType": "application/json", "responseSchema": SCHEMA}
            options = {**options, "generationConfig": {**generation, **(options.get("generationConfig") or {})}}
        config = call.config.model_copy(update={"options": options})
        encoded = super().encode(replace(call, messages=(words,), config=config), quirks)
        warned = (*encoded.warnings, *warnings.all())
        return replace(encoded, warnings=warned, response_format=ResponseFormat(TranscriptReader(shaped=shaped)))


def transcription_prompt(request: TranscriptionRequest) -> str:
    """Return the prompt."""
    lines = ["Transcribe the speech in this recording word for word, in the language that is spoken."]
    if request.task == "translate":
        lines = ["Translate the speech in this recording into English."]
    if request.language:
        lines.append(f"The language spoken is {request.language}.")
    if request.diarize:
        lines.append("Tell speakers apart, and name the speaker of each segment.")
    if request.prompt:
        lines.append(f"What may help to understand it: {request.prompt}")
    return " ".join([*lines, "Give the transcript alone, without any remark."])


class TranscriptReader(ChatAdapterReader):
    """Reads the text, and converts it when it is complete."""

    __slots__ = ("_shaped", "_text")

    def __init__(self, *, shaped: bool) -> None:
        super().__init__()
        self._shaped = shaped
        self._text: list[str] = []

    def _read(self, deltas: Iterable[Delta]) -> Iterator[Delta]:
        for delta in deltas:
            if isinstance(delta, TextDelta):
                self._text.append(delta.text)
                # Partial JSON is not transcript text.
                if not self._shaped:
                    yield delta
            elif isinstance(delta, StreamEnd):
                yield ResultDelta(self._transcript())
                yield delta
            elif not isinstance(delta, PartDelta | FinishDelta):
                yield delta

    def _transcript(self) -> TranscriptionResponse:
        text = Text("".join(self._text).strip())
        if not self._shaped:
            return TranscriptionResponse(text=text)
        try:
            data = json.loads(text.encode())
            segments = [read_segment(one) for one in data["segments"]]
        except (ValueError, KeyError, TypeError):
            # Truncated or not in the requested format: keep the text.
            return TranscriptionResponse(text=text)
        spoken = Text(" ".join(segment.text for segment in segments))
        return TranscriptionResponse(text=spoken, language=data.get("language"), segments=segments)


def read_segment(data: dict[str, Any]) -> SpokenSegment:
    return SpokenSegment(
        text=data["text"].strip(),
        start=parse_clock(data["start"]),
        end=parse_clock(data["end"]),
        speaker=data.get("speaker"),
    )


def parse_clock(data: str) -> float:
    """Parse `01:02.5`, with or without hours."""
    seconds = 0.0
    for part in str(data).replace(",", ".").split(":"):
        seconds = seconds * 60 + float(part or 0)
    return seconds


TRANSCRIPTION = GeminiTranscription()


IMAGE_MODALITIES = ["TEXT", "IMAGE"]

IMAGE_CONFIG = {
    "aspect_ratio": "aspectRatio",
    "aspectRatio": "aspectRatio",
    "image_size": "imageSize",
    "imageSize": "imageSize",
}
"""Options of Gemini's image models, as the SDK and the API name them, with their names in `imageConfig`."""


class GeminiImages(Gemini):
    """Returns text in addition to the images."""

    name = "gemini.images"

    def encode(self, call: Call, quirks: GeminiQuirks) -> EncodedRequest:
        options = dict(call.config.options)
        generation: dict[str, Any] = {"responseModalities": IMAGE_MODALITIES, **(options.get("generationConfig") or {})}
        named = {IMAGE_CONFIG[name]: options.pop(name) for name in IMAGE_CONFIG.keys() & options.keys()}
        if named:
            generation["imageConfig"] = {**named, **(generation.get("imageConfig") or {})}
        wanted = {"options": {**options, "generationConfig": generation}}
        return super().encode(replace(call, config=call.config.model_copy(update=wanted)), quirks)


IMAGES = GeminiImages()


SDK_NAMES = {
    "add_watermark": "addWatermark",
    "aspect_ratio": "aspectRatio",
    "enhance_prompt": "enhancePrompt",
    "guidance_scale": "guidanceScale",
    "image_size": "sampleImageSize",
    "negative_prompt": "negativePrompt",
    "number_of_images": "sampleCount",
    "person_generation": "personGeneration",
    "safety_filter_level": "safetySetting",
}
"""Options of Imagen as Google's SDK names them, with their names in requests."""


def write_imagen(call: Call, quirks: ImageQuirks) -> EncodedRequest:
    drawing, config = read_image_prompt(call), call.config
    if drawing.pictures or drawing.request.mask is not None:
        raise UnsupportedError("Imagen accepts only text. Use a Gemini image model for image input")
    if config.streaming:
        drawing.warnings.unsupported("streaming", "images are not streamed")
    parameters: dict[str, Any] = {"sampleCount": config.n or 1, **quirks.defaults}
    if config.seed is not None:
        parameters["seed"] = config.seed
    if config.user is not None:
        drawing.warnings.unsupported("user")
    parameters.update(call.endpoint.ai_model.parameters)
    parameters.update({SDK_NAMES.get(name, name): value for name, value in config.options.items()})
    body = {"instances": [{"prompt": drawing.prompt}], "parameters": parameters}
    path = quirks.path.format(model=model_path(drawing.model), name=resource_path(drawing.model))
    options = {name: value for name, value in parameters.items() if name in PRICED}
    made = parameters.get("sampleCount")
    most = float(made) if isinstance(made, int) else 1.0
    return EncodedRequest(
        path,
        body,
        {},
        drawing.warnings.all(),
        response_format=ResponseFormat(DocumentReader(partial(read_imagen, options), read_error)),
        expected_usage=Usage(units={"images": most}, counted=("images",), options=options),
    )


PRICED = ("sampleImageSize", "upscaleConfig", "mode")
"""Parameters that may determine the price."""


def read_imagen(options: Mapping[str, Any], body: Any) -> Iterator[Delta]:
    predictions = body.get("predictions") or []
    images = [
        GeneratedImage(
            data=base64.b64decode(one["bytesBase64Encoded"]),
            mime_type=one.get("mimeType"),
            revised_prompt=one.get("prompt"),
        )
        for one in predictions
        if one.get("bytesBase64Encoded")
    ]
    refused = [one["raiFilteredReason"] for one in predictions if one.get("raiFilteredReason")]
    if not images:
        yield ErrorDelta(ContentFilteredError("; ".join(refused) or "the response contains no image and no reason"))
        return
    # Images that were filtered are not billed.
    yield UsageDelta(Usage(units={"images": float(len(images))}, counted=("images",), options=dict(options)))
    yield ResultDelta(ImageResponse(images=images, extras={"filtered": refused} if refused else {}))


def read_imagen_answer(quirks: ImageQuirks, body: Any) -> Iterator[Delta]:
    return read_imagen({}, body)


IMAGEN = OperationCodec("vertex.imagen", write_imagen, read_imagen_answer, read_error)
