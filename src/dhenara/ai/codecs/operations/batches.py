"""Batches: the codec that each batch API has, and lines of requests and results; and contents of files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ...http.protocol.message import LineTemplate, StreamedLines
from ...types.chat.delta import Delta, FileDelta, ResultDelta, StreamEnd
from ...types.config.call import Call
from ...types.operations.batch import BatchLine
from ...types.operations.files import FileBytes, StoreDeleted
from ...wire import json
from ...wire.sse import BytesAsFrames, Frame, NdjsonFrames
from ..base import BinaryBody, EncodedRequest, ResponseFormat
from ..common.response_fields import Wire
from .operation import DocumentReader, OperationCodec
from .quirks import BatchQuirks

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
