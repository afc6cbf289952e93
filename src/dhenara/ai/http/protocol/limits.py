"""Limits on what a server may send. Each is enforced where the bytes are read, before they are kept in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ...wire.sse import BrokenFraming, Frame, Frames


class ReadLimits(Protocol):
    """Limits of one response. `types.ResponseLimits` is the class that users set."""

    @property
    def body_bytes(self) -> int | None: ...

    @property
    def error_body_bytes(self) -> int: ...

    @property
    def event_bytes(self) -> int: ...

    @property
    def head_bytes(self) -> int: ...

    @property
    def interim_responses(self) -> int: ...

    @property
    def chunk_extension_bytes(self) -> int: ...

    @property
    def trailer_bytes(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """The default limits. Bodies and events are measured after decompression."""

    body_bytes: int | None = 268_435_456
    """2,048 embeddings of 3,072 full-precision numbers are about 130 MB of JSON."""

    error_body_bytes: int = 262_144
    event_bytes: int = 67_108_864
    """Generated images arrive as one event of base64."""

    head_bytes: int = 262_144
    interim_responses: int = 64
    chunk_extension_bytes: int = 65_536
    trailer_bytes: int = 65_536


DEFAULT_LIMITS = Limits()


def without_body_limit(limits: ReadLimits) -> Limits:
    """Return the limits without one for the body, for bodies that are not kept in memory, such as downloads."""
    return Limits(
        body_bytes=None,
        error_body_bytes=limits.error_body_bytes,
        event_bytes=limits.event_bytes,
        head_bytes=limits.head_bytes,
        interim_responses=limits.interim_responses,
        chunk_extension_bytes=limits.chunk_extension_bytes,
        trailer_bytes=limits.trailer_bytes,
    )


class LimitExceeded(BrokenFraming):
    """The server sent more than `limit`, a field of `ReadLimits`, allows."""

    def __init__(self, what: str, limit: str, most: int, unit: str = "bytes") -> None:
        super().__init__(f"{what} is longer than {most} {unit}")
        self.limit = limit
        self.most = most


class BoundedFrames:
    """Frames of a stream, none of them larger than `most`.

    Counts what has been fed since the last frame was complete, which is all that can be waiting for its end; comments
    of a stream count too.
    """

    __slots__ = ("_frames", "_most", "_waiting")

    def __init__(self, frames: Frames, most: int) -> None:
        self._frames = frames
        self._most = most
        self._waiting = 0

    def feed(self, chunk: bytes) -> list[Frame]:
        frames = self._frames.feed(chunk)
        self._waiting = 0 if frames else self._waiting + len(chunk)
        if self._waiting > self._most:
            raise LimitExceeded("an event of the stream", "event_bytes", self._most)
        return frames

    def finish(self) -> list[Frame]:
        return self._frames.finish()
