"""What is in a file, as every provider sends it: its bytes, whole or as they come."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..types.call import Call
from ..types.delta import Delta, FileDelta, ResultDelta, StreamEnd
from ..types.uploaded_file import FileBytes
from ..wire.frame import BytesAsFrames, Frame
from .base import BinaryBody, ResponseFormat


def download_format(call: Call) -> ResponseFormat:
    """How the answer to this call is read; of a streamed one, nobody keeps what has gone by."""
    if call.config.streaming:
        return ResponseFormat(FileReader(), BytesAsFrames, "pieces")
    return ResponseFormat(FileReader(), body="blob")


class FileReader:
    """Bytes that mean nothing to anybody here."""

    __slots__ = ()

    def whole(self, body: Any) -> Iterator[Delta]:
        if not isinstance(body, BinaryBody):
            raise ValueError("the bytes of a file were asked for, and something else came")
        kind = body.head.headers.get("content-type", "").partition(";")[0] or None
        yield ResultDelta(FileBytes(data=body.data, mime_type=kind))
        yield StreamEnd()

    def frame(self, frame: Frame) -> Iterator[Delta]:
        yield FileDelta(frame.data)

    def finish(self) -> Iterator[Delta]:
        yield StreamEnd()
