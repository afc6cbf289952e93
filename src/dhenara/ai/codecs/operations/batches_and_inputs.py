"""Shared encoding of batches and files, and of inputs of embeddings and images: texts and media."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ...errors import UnsupportedError
from ...http.protocol.message import LineTemplate, StreamedLines
from ...types.chat.delta import Delta, FileDelta, ResultDelta, StreamEnd
from ...types.config.call import Call
from ...types.config.parameters import PARAMETERS
from ...types.content.media import Media
from ...types.content.parts import Content, ImageContent, TextContent
from ...types.operations.batch import BatchLine
from ...types.operations.embedding import EmbeddingRequest, GeneratedImage, ImageRequest
from ...types.operations.files import FileBytes, StoreDeleted
from ...wire import json
from ...wire.media_types import image_type
from ...wire.sse import BytesAsFrames, Frame, NdjsonFrames
from ..base import BinaryBody, EncodedRequest, ResponseFormat
from ..common.media_support import with_media_type
from ..common.plan import WarningCollector
from ..common.request import set_parameters
from ..common.response_fields import Wire, require
from .operation import DocumentReader, OperationCodec, request_of
from .quirks import BatchQuirks, EmbeddingQuirks

LONGEST_NUMBER = 20
MARK = "<here stands what is sent>"


@dataclass(frozen=True, slots=True, eq=False)
class BatchResult:
    """One result: the body of a response, or of an error with its status."""

    key: str
    body: Any = None
    status: int = 200

    @property
    def is_error(self) -> bool:
        return self.status >= 400


def plain_body(encoded: EncodedRequest, model: str) -> Wire:
    return encoded.body


@dataclass(frozen=True, slots=True, eq=False)
class BatchCodec(OperationCodec[BatchQuirks]):
    """Base class of batch codecs. `line` encodes one call with its key and path; `entry` decodes one result.

    `body` is the part of an encoded call that goes into its line, and `filed` its line in a file, if that differs.
    `kept` says where results are if not in files: at a URL of their own, in pages, or `inside` the description of the
    batch. `fills` says whether batches are created empty and calls added later; `named` whether the provider returns
    the name of a batch.
    """

    line: Callable[[str, Any, str], Wire]
    entry: Callable[[Wire, int], BatchResult]
    results_location: Literal["files", "address", "pages", "inside"] = "files"
    body: Callable[[EncodedRequest, str], Wire] = plain_body
    filed: Callable[[str, Any, str], Wire] | None = None
    inside: Callable[[Wire], list[Wire]] = lambda raw: []
    filled_after_creation: bool = False
    named: bool = True
    answers_in: str | None = None
    """Protocol of the results, if there is only one."""

    def lines(
        self, spool: Iterable[bytes], path: str, name: str | None, *, in_file: bool, first: int = 0
    ) -> StreamedLines:
        """Read the encoded calls from the spool, each with its key, as they are sent."""
        write = self.filed or self.line if in_file else self.line

        def written(index: int, body: bytes) -> bytes:
            around = LineTemplate.mark(json.dumps(write(key_of(first + index, name), MARK, path)), json.dumps(MARK))
            return around.before + body + around.after

        return StreamedLines(spool, written)


def key_of(index: int, name: str | None) -> str:
    """Return the key of one call; it contains the name of the batch for providers that do not store names."""
    return str(index) if name is None else f"{name}-{index}"


def index_of(key: str) -> int | None:
    """Return the index of the call with this key; None if the key was not created here."""
    number = key.rpartition("-")[2]
    return int(number) if number.isdecimal() and len(number) < LONGEST_NUMBER else None


def enclose_lines(document: Mapping[str, Any], lines: StreamedLines) -> StreamedLines:
    """Insert the lines into the array of a JSON document at the placeholder."""
    around = LineTemplate.mark(json.dumps(document), json.dumps([MARK]))
    return lines.enclosed(around.before + b"[", b"]" + around.after)


def upload_request(
    path: str, document: Mapping[str, Any], lines: StreamedLines, headers: Mapping[str, str] | None = None
) -> EncodedRequest:
    """Build the request that contains the lines."""
    kind = {"content-type": "application/json"}
    return EncodedRequest(path, {}, {**kind, **(headers or {})}, payload=enclose_lines(document, lines), no_replay=True)


class BatchLineReader:
    """Reads results line by line, without holding all of them in memory."""

    def whole(self, body: Any) -> Iterator[Delta]:
        raise ValueError("expected JSON lines, got one document")

    def frame(self, frame: Frame) -> Iterator[Delta]:
        yield ResultDelta(BatchLine(result=json.loads(frame.data)))

    def finish(self) -> Iterator[Delta]:
        yield StreamEnd()


def batch_line_format() -> ResponseFormat:
    return ResponseFormat(BatchLineReader(), NdjsonFrames, body="lines")


def error_body(body: Any, status: int = 500) -> tuple[Any, int]:
    """Return body and status of an error item; without a status it counts as a server error."""
    return body, status if status >= 400 else 500


def download_format(call: Call) -> ResponseFormat:
    """Return how the response is read; the content of a streamed download is not stored."""
    if call.config.streaming:
        return ResponseFormat(FileContentReader(), BytesAsFrames, "pieces")
    return ResponseFormat(FileContentReader(), body="blob")


class FileContentReader:
    """Reads bytes without interpreting them."""

    __slots__ = ()

    def whole(self, body: Any) -> Iterator[Delta]:
        if not isinstance(body, BinaryBody):
            raise ValueError("expected the bytes of a file, got another content type")
        kind = body.head.headers.get("content-type", "").partition(";")[0] or None
        yield ResultDelta(FileBytes(data=body.data, mime_type=kind))
        yield StreamEnd()

    def frame(self, frame: Frame) -> Iterator[Delta]:
        yield FileDelta(frame.data)

    def finish(self) -> Iterator[Delta]:
        yield StreamEnd()


def read_deletion() -> ResponseFormat:
    """Return how to read the response to a deletion, which may be empty."""
    return ResponseFormat(DocumentReader(lambda _: iter([ResultDelta(StoreDeleted())])), body="blob")


def delete_resource(path: str, headers: Mapping[str, str]) -> EncodedRequest:
    return EncodedRequest(path, {}, headers, method="DELETE", response_format=read_deletion())


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
