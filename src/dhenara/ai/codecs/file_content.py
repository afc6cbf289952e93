"""File downloads: the content of a file, whole or streamed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..types.call import Call
from ..types.delta import Delta, FileDelta, ResultDelta, StreamEnd
from ..types.uploaded_file import FileBytes
from ..wire.frame import BytesAsFrames, Frame
from .base import BinaryBody, ResponseFormat


def download_format(call: Call) -> ResponseFormat:
    """Return how the response is read; the content of a streamed download is not stored."""
    if call.config.streaming:
        return ResponseFormat(FileReader(), BytesAsFrames, "pieces")
    return ResponseFormat(FileReader(), body="blob")


class FileReader:
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
