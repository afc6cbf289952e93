"""Batches: what all codecs for them do alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal

from ..dataclass import dataclass
from ..types.batch import BatchLine
from ..types.delta import Delta, ResultDelta, StreamEnd
from ..wire import json
from ..wire.frame import Frame
from ..wire.ndjson import NdjsonFrames
from ..wire.streamed_body import LineTemplate, StreamedLines
from .base import EncodedRequest, ResponseFormat
from .batch_quirks import BatchQuirks
from .operation import OperationCodec

Wire = dict[str, Any]
LONGEST_NUMBER = 20
MARK = "<here stands what is sent>"


@dataclass(frozen=True, slots=True)
class BatchResult:
    """One result as it was told: the body of an answer, or of a refusal with its status."""

    key: str
    body: Any = None
    status: int = 200

    @property
    def is_error(self) -> bool:
        return self.status >= 400


def plain_body(encoded: EncodedRequest, model: str) -> Wire:
    return encoded.body


@dataclass(frozen=True, slots=True)
class BatchCodec(OperationCodec[BatchQuirks]):
    """`line` is how one call is written under its key, for its path; `entry` how one result is read.

    `body` is what of a written call stands in its line, and `filed` its line in a file, where that is another one.
    `kept` says where results are, unless they are in files: at an address of their own, page by page, or `inside`
    what is told of the batch. `fills` says whether batches are made empty, and calls added; `named` whether a batch
    tells the name under which it was made.
    """

    line: Callable[[str, Any, str], Wire]
    entry: Callable[[Wire, int], BatchResult]
    results_location: Literal["files", "address", "pages", "inside"] = "files"
    body: Callable[[EncodedRequest, str], Wire] = plain_body
    filed: Callable[[str, Any, str], Wire] | None = None
    inside: Callable[[Wire], list[Wire]] = lambda raw: []
    fills: bool = False
    named: bool = True
    answers_in: str | None = None
    """The only protocol that its answers are written in, where there is only one."""

    def lines(
        self, spool: Iterable[bytes], path: str, name: str | None, *, in_file: bool, first: int = 0
    ) -> StreamedLines:
        """The bodies in a spool as they are sent, each under its key."""
        write = self.filed or self.line if in_file else self.line

        def written(index: int, body: bytes) -> bytes:
            around = LineTemplate.mark(json.dumps(write(key_of(first + index, name), MARK, path)), json.dumps(MARK))
            return around.before + body + around.after

        return StreamedLines(spool, written)


def key_of(index: int, name: str | None) -> str:
    """What one call of a batch is called; the name of the batch is in it, for hosts that know no other names."""
    return str(index) if name is None else f"{name}-{index}"


def index_of(key: str) -> int | None:
    """The place of the call that is called so; None for calls that were not made here."""
    number = key.rpartition("-")[2]
    return int(number) if number.isdecimal() and len(number) < LONGEST_NUMBER else None


def enclose_lines(document: Mapping[str, Any], lines: StreamedLines) -> StreamedLines:
    """A JSON document with these lines in the array that has the mark in it."""
    around = LineTemplate.mark(json.dumps(document), json.dumps([MARK]))
    return lines.enclosed(around.before + b"[", b"]" + around.after)


def upload_request(
    path: str, document: Mapping[str, Any], lines: StreamedLines, headers: Mapping[str, str] | None = None
) -> EncodedRequest:
    """The request that carries them."""
    kind = {"content-type": "application/json"}
    return EncodedRequest(path, {}, {**kind, **(headers or {})}, payload=enclose_lines(document, lines), once=True)


class BatchLineReader:
    """Reads results line by line, however many there are."""

    def whole(self, body: Any) -> Iterator[Delta]:
        raise ValueError("lines were asked for, and one document came")

    def frame(self, frame: Frame) -> Iterator[Delta]:
        yield ResultDelta(BatchLine(result=json.loads(frame.data)))

    def finish(self) -> Iterator[Delta]:
        yield StreamEnd()


def batch_line_format() -> ResponseFormat:
    return ResponseFormat(BatchLineReader(), NdjsonFrames, body="lines")


def error_body(body: Any, status: int = 500) -> tuple[Any, int]:
    """A refusal in an item; where its status is not told, it is the provider's fault."""
    return body, status if status >= 400 else 500
