"""Newline-delimited JSON: one frame for each line that is not blank."""

from __future__ import annotations

from .frame import Frame


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
