"""Files: reading of their content, whole or streamed, and the quirks of providers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ...types.chat.delta import Delta, FileDelta, ResultDelta, StreamEnd
from ...types.config.call import Call
from ...types.operations.files import FileBytes
from ...wire.frame import BytesAsFrames, Frame
from ..base import BinaryBody, Quirks, ResponseFormat


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


@dataclass(frozen=True, slots=True)
class FileQuirks(Quirks):
    """Quirks of a file API. `params` gives the request name of purpose; None if unsupported."""

    path: str = "/files"
    headers: Mapping[str, str] = field(default_factory=dict)
    usual_purpose: str | None = None
    expiry: Literal["seconds", "anchored", "hours", "none"] = "none"
    """How the expiry of a file is sent."""

    pages: Literal["after", "after_id", "number", "token"] = "after"
    """How the next page of a list is requested."""

    page_size: int = 100
    size_field: str = "limit"
    content: str = "/content"
    """Suffix of the file's path for its content."""
