"""Embeddings, images, speech and transcription: what several protocols encode and decode alike."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import UnsupportedError
from ...http.protocol.message import Head
from ...types.chat.delta import Delta, MediaDelta, ResultDelta, StreamEnd, UsageDelta
from ...types.chat.usage import Usage
from ...types.config.call import Call
from ...types.config.parameters import PARAMETERS
from ...types.content.media import Media
from ...types.content.parts import AudioContent, Content, ImageContent, TextContent
from ...types.operations.audio import SpeechRequest, SpeechResponse, SpokenAudio, SpokenSegment, SpokenWord
from ...types.operations.images import GeneratedImage, ImageRequest
from ...types.operations.text_operations import EmbeddingRequest
from ...wire.media_types import SUFFIXES, audio_type, canonical_audio_type, image_type, read_wav, write_wav
from ...wire.sse import Frame
from ..base import BinaryBody
from ..common.media_support import with_media_type
from ..common.plan import WarningCollector
from ..common.request import set_parameters
from ..common.response_fields import Wire, require
from .operation import request_of
from .quirks import EmbeddingQuirks

PCM_RATE = 24_000
"""Sample rate of raw PCM audio, unless the provider says otherwise."""


def audio_bytes(audio: AudioContent, provider: str) -> bytes:
    """Return the bytes of the audio; raises for a URL, because the provider accepts only files."""
    if audio.data is None:
        raise UnsupportedError(f"{provider} accepts audio only as a file. Pass AudioContent(data=...)")
    return audio.data


def kind_of(audio: AudioContent) -> str:
    return audio_type(audio.data or b"") or canonical_audio_type(audio.mime_type or "") or "application/octet-stream"


def file_name(audio: AudioContent) -> str:
    """Return a file name with the right suffix, because providers detect the format from it."""
    suffix = SUFFIXES.get(kind_of(audio), "")
    return audio.name if audio.name and "." in audio.name else f"{audio.name or 'audio'}{suffix}"


def read_word(data: Wire) -> SpokenWord:
    return SpokenWord(
        text=data.get("punctuated_word") or data.get("word") or data.get("text") or "",
        start=data.get("start") or 0.0,
        end=data.get("end") or 0.0,
        speaker=speaker_name(data),
        confidence=data.get("confidence"),
    )


def read_segment(data: Wire) -> SpokenSegment:
    return SpokenSegment(
        text=(data.get("text") or data.get("transcript") or "").strip(),
        start=data.get("start") or 0.0,
        end=data.get("end") or 0.0,
        speaker=speaker_name(data),
        confidence=data.get("confidence"),
    )


def speaker_name(data: Mapping[str, Any]) -> str | None:
    text = data.get("speaker", data.get("speaker_id"))
    return None if text is None else str(text)


def speech_usage(request: SpeechRequest | None) -> Usage:
    """Count the characters, because most providers bill speech by characters, and report nothing."""
    if request is None:
        return Usage()
    return Usage(units={"characters": float(len(request.text))}, counted=("characters",))


def counted_seconds(audio: AudioContent, least: float = 0) -> Usage | None:
    """Return the seconds of the audio; None if the file does not tell its length exactly."""
    seconds = exact_seconds(audio.data) if audio.data else None
    return None if not seconds else with_least(Usage(units={"seconds": seconds}, counted=("seconds",)), least)


LEAST_SECONDS = "least_seconds"


def with_least(usage: Usage, least: float) -> Usage:
    """Add the seconds that a request is billed for at least, where the audio is shorter."""
    if usage.units.get("seconds", 0) >= least:
        return usage
    return usage.model_copy(update={"options": {**usage.options, LEAST_SECONDS: least}})


def add_wav_header(samples: bytes, mime_type: str, wanted: str | None) -> tuple[bytes, str]:
    """Add a WAV header to raw samples, unless raw samples were requested."""
    if not mime_type.lower().startswith(("audio/l16", "audio/pcm")):
        return samples, audio_type(samples) or canonical_audio_type(mime_type)
    if wanted == "pcm":
        return samples, mime_type
    parameters: dict[str, str] = {}
    for part in mime_type.split(";")[1:]:
        name, _, value = part.strip().partition("=")
        parameters[name] = value
    rate, channels = int(parameters.get("rate") or PCM_RATE), int(parameters.get("channels") or 1)
    return write_wav(samples, rate, channels), "audio/wav"


class AudioReader:
    """Reads audio bytes, whole or streamed."""

    __slots__ = ("_format", "_received", "_usage")

    def __init__(self, request: SpeechRequest) -> None:
        self._usage = speech_usage(request)
        self._format = request.format
        self._received = bytearray()

    def whole(self, body: Any) -> Iterator[Delta]:
        if not isinstance(body, BinaryBody):
            raise ValueError("expected audio, got another content type")
        yield from self._read_audio(body.data, body.head)
        yield StreamEnd()

    def frame(self, frame: Frame) -> Iterator[Delta]:
        # Base64 pieces can only be decoded at multiples of three bytes.
        done = len(self._received) // 3 * 3
        self._received += frame.data
        ready = self._received[done : len(self._received) // 3 * 3]
        if ready:
            yield MediaDelta("speech", "audio", base64.b64encode(ready).decode())

    def finish(self) -> Iterator[Delta]:
        rest = self._received[len(self._received) // 3 * 3 :]
        if rest:
            yield MediaDelta("speech", "audio", base64.b64encode(rest).decode())
        yield from self._read_audio(bytes(self._received), Head(200))
        yield StreamEnd()

    def _read_audio(self, data: bytes, head: Head) -> Iterator[Delta]:
        if not data:
            raise ValueError("the audio is empty")
        yield UsageDelta(self._usage)
        kind = (
            audio_type(data)
            or canonical_audio_type(head.headers.get("content-type", ""))
            or f"audio/{self._format or 'mpeg'}"
        )
        yield ResultDelta(SpeechResponse(audio=SpokenAudio(data=data, mime_type=kind)))


def rename_fields(
    wanted: Mapping[str, Any], names: Mapping[str, str | None], warnings: WarningCollector
) -> Iterator[tuple[str, Any]]:
    """Rename the parameters to those of the dialect; warn about parameters that it does not have."""
    for name, value in wanted.items():
        if value is None:
            continue
        wire = names.get(name)
        if wire is None:
            warnings.unsupported(name)
        else:
            yield wire, value


END_OF_STREAM = 4
"""Flag of the last page of an Ogg file: a file without it was cut off."""

PAGE_HEAD = 27
OPUS_RATE = 48_000


def exact_seconds(data: bytes) -> float | None:
    """Return the length of the audio; None if the container does not tell it exactly, as in MP3 and MP4."""
    kind = audio_type(data)
    if kind == "audio/wav":
        wav = read_wav(data)
        return wav.seconds if wav is not None and wav.size else None
    if kind == "audio/flac":
        return flac_seconds(data)
    return ogg_seconds(data) if kind == "audio/ogg" else None


def flac_seconds(data: bytes) -> float | None:
    """The first block of a FLAC file has the number of samples, 0 if its writer did not know it."""
    if len(data) < 26:
        return None
    packed = int.from_bytes(data[18:26], "big")
    rate, samples = packed >> 44, packed & (1 << 36) - 1
    return samples / rate if samples and rate else None


def ogg_seconds(data: bytes) -> float | None:
    """The last page of an Ogg file has the number of samples; of Opus at 48 kHz, with those that are skipped."""
    last, opus, vorbis = data.rfind(b"OggS"), data.find(b"OpusHead", 0, 4096), data.find(b"\x01vorbis", 0, 4096)
    if len(data) < last + PAGE_HEAD or not data[last + 5] & END_OF_STREAM:
        return None
    samples = int.from_bytes(data[last + 6 : last + 14], "little")
    if 0 <= opus <= len(data) - 12:
        skipped = int.from_bytes(data[opus + 10 : opus + 12], "little")
        return max(0, samples - skipped) / OPUS_RATE or None
    rate = int.from_bytes(data[vorbis + 12 : vorbis + 16], "little") if vorbis >= 0 else 0
    return samples / rate if rate and samples else None


IGNORED_PARAMETERS = (
    *(name for name, parameter in PARAMETERS.items() if not parameter.for_images),
    *("tools", "tool_choice", "structured_output"),
)
"""Fields of a call's config that image models do not have."""


@dataclass(slots=True, eq=False)
class ImagePrompt:
    """Input of image generation: text, images and a mask."""

    model: str
    prompt: str
    pictures: tuple[ImageContent, ...]
    request: ImageRequest
    warnings: WarningCollector


def read_image_prompt(call: Call) -> ImagePrompt:
    """Join the conversation to one prompt, as image models expect."""
    warnings = WarningCollector(str(call.endpoint.api.provider))
    for name, _ in set_parameters(call.config, IGNORED_PARAMETERS):
        warnings.unsupported(name)
    parts = [part for message in call.messages for part in message.contents]
    for part in parts:
        if not isinstance(part, TextContent | ImageContent):
            warnings.dropped(part_kind(part), "image generation accepts only text and images")
    words = [*call.instructions, *(part.text for part in parts if isinstance(part, TextContent))]
    request = call.request if isinstance(call.request, ImageRequest) else ImageRequest()
    pictures = tuple(part for part in parts if isinstance(part, ImageContent))
    return ImagePrompt(call.endpoint.ai_model.model_name, "\n\n".join(filter(None, words)), pictures, request, warnings)


def part_kind(part: Content) -> str:
    return str(getattr(part, "type", "a part"))


def image_bytes(picture: ImageContent, provider: str) -> bytes:
    """Return the bytes of the image; raises for a URL, because the provider accepts only files."""
    if picture.data is None:
        raise UnsupportedError(f"{provider} accepts images to edit only as files. Pass ImageContent(data=...)")
    return picture.data


def image_url(picture: Media) -> str:
    if picture.data is None:
        return picture.url or ""
    mime = picture.mime_type or image_type(picture.data) or "image/png"
    return f"data:{mime};base64,{base64.b64encode(picture.data).decode()}"


def read_images(entries: Sequence[dict[str, Any]], mime_type: str | None) -> Iterator[GeneratedImage]:
    """Read images in the format that most providers use: base64 or a URL, and the revised prompt."""
    for entry in entries:
        require(entry, "a picture", "b64_json", "image_base64", "url")
        encoded = entry.get("b64_json") or entry.get("image_base64")
        data = base64.b64decode(encoded) if encoded else None
        yield GeneratedImage(
            data=data,
            url=None if data else entry.get("url"),
            mime_type=entry.get("mime_type") or (image_type(data) if data else None) or mime_type,
            revised_prompt=entry.get("revised_prompt") or None,
        )


NUMBERS = {int, float}
PLURALS = {"image": "pictures", "audio": "sound", "video": "videos", "file": "documents"}


@dataclass(slots=True, eq=False)
class EmbeddingInput:
    """An embedding request, ready to be encoded. With images among the inputs, `texts` is incomplete."""

    model: str
    inputs: tuple[str | Media, ...]
    params: Mapping[str, Any]
    warnings: WarningCollector

    @property
    def texts(self) -> list[str]:
        """The inputs, if all of them are texts."""
        return [one for one in self.inputs if isinstance(one, str)]

    @property
    def has_images(self) -> bool:
        """Whether the inputs contain images."""
        return any(not isinstance(one, str) for one in self.inputs)


def read_embedding_input(call: Call, quirks: EmbeddingQuirks) -> EmbeddingInput:
    """Read the request, with parameters renamed to those of the dialect."""
    request, warnings = request_of(call, EmbeddingRequest), WarningCollector(str(call.endpoint.api.provider))
    wanted = {
        "dimensions": request.dimensions,
        "input_type": request.input_type,
        "truncate": request.truncate,
        "user": call.config.user,
    }
    check_images(call, request, quirks)
    params: dict[str, Any] = {}
    for name, value in wanted.items():
        if value is None:
            continue
        wire, normalized = quirks.params.get(name), write_value(name, value, quirks)
        if wire is None or normalized is None:
            warnings.unsupported(name if wire is None else f"{name}={value!r}")
        else:
            params[wire] = normalized
    inputs = tuple(one if isinstance(one, str) else with_media_type(one) for one in request.texts)
    return EmbeddingInput(call.endpoint.ai_model.model_name, inputs, params, warnings)


def check_vectors(vectors: Any) -> list[list[float]]:
    """Check the vectors of a response; raises ValueError if they are missing or invalid."""
    if not isinstance(vectors, list) or not vectors:
        raise ValueError("the response contains no vectors")
    if not all(isinstance(vector, list) and vector and set(map(type, vector)) <= NUMBERS for vector in vectors):
        raise ValueError("the vectors in the response are not lists of numbers")
    return vectors


def check_images(call: Call, request: EmbeddingRequest, quirks: EmbeddingQuirks) -> None:
    """Raise if the model does not support media."""
    taken = {*(("image",) if quirks.pictures else ()), *quirks.media}
    for one in request.texts:
        if not isinstance(one, str) and one.type not in taken:
            provider, model = call.endpoint.api.provider, call.endpoint.ai_model.model_name
            what = PLURALS[one.type]
            raise UnsupportedError(f"{provider} ({model}): embeddings of {what} are not supported. Use another model")


def write_value(name: str, value: Any, quirks: EmbeddingQuirks) -> Any:
    return quirks.input_types.get(value) if name == "input_type" else value
