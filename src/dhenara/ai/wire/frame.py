"""Messages of a streamed response, whatever framing carries them, and newline-delimited JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(slots=True)
class Frame:
    """`data` is the payload; `event` its name where the framing has names."""

    data: bytes
    event: str | None = None
    id: str | None = None
    retry: int | None = None
    headers: Mapping[str, object] = field(default_factory=dict)


class Frames(Protocol):
    """Splits a body into frames as its bytes arrive; one per response. Holds only the incomplete rest."""

    def feed(self, chunk: bytes) -> list[Frame]:
        """Return the frames that are now complete."""
        ...

    def finish(self) -> list[Frame]:
        """Return the frames in the rest, after the last bytes have arrived."""
        ...


class BytesAsFrames:
    """Every piece that arrives is a frame, for audio streams and files, which contain no messages."""

    def feed(self, chunk: bytes) -> list[Frame]:
        return [Frame(chunk)]

    def finish(self) -> list[Frame]:
        return []


class BrokenFraming(Exception):
    """The bytes violate their framing."""


class ForeignFraming(BrokenFraming):
    """The bytes are not the expected framing at all: something other than the API answered."""


class NdjsonFrames:
    """Holds only the unfinished line."""

    __slots__ = ("_line",)

    def __init__(self) -> None:
        self._line = bytearray()

    def feed(self, chunk: bytes) -> list[Frame]:
        first, *rest = chunk.split(b"\n")
        self._line += first
        frames: list[Frame] = []
        for line in rest:
            self._read(bytes(self._line), frames)
            self._line = bytearray(line)
        return frames

    def finish(self) -> list[Frame]:
        frames: list[Frame] = []
        self._read(bytes(self._line), frames)
        self._line = bytearray()
        return frames

    def _read(self, line: bytes, frames: list[Frame]) -> None:
        stripped = line.strip()
        if stripped:
            frames.append(Frame(stripped))
