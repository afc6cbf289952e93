"""Server-sent events and newline-delimited JSON: bytes to frames."""

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


BOM = b"\xef\xbb\xbf"
LONGEST_RETRY = 12
"""Digits of a waiting time in milliseconds; one with more is a mistake, and ignored like any other."""


class SseFrames:
    """Follows the standard, with one mercy: a last event without its blank line is delivered by `finish`."""

    __slots__ = ("_after_cr", "_begun", "_data", "_event", "_id", "_line", "_retry")

    def __init__(self) -> None:
        self._line = bytearray()
        self._after_cr = False
        self._begun = False
        self._data: list[bytes] | None = None
        self._event: str | None = None
        self._id: str | None = None
        self._retry: int | None = None

    def feed(self, chunk: bytes) -> list[Frame]:
        if self._begun and not self._line and self._idle() and chunk.endswith(b"\n\n") and b"\r" not in chunk:
            return self._read_events(chunk)
        return self._read_lines(chunk)

    def finish(self) -> list[Frame]:
        frames: list[Frame] = []
        if self._line:
            self._read_line(bytes(self._line), frames)
            self._line = bytearray()
        self._read_line(b"", frames)
        return frames

    def _idle(self) -> bool:
        """Whether the last event is complete, and no line end is half seen."""
        named = self._event is not None or self._id is not None or self._retry is not None
        return self._data is None and not named and not self._after_cr

    def _read_events(self, chunk: bytes) -> list[Frame]:
        """The way of nearly every chunk: whole events of one data line each, or of a name and one data line."""
        frames: list[Frame] = []
        for block in chunk[:-2].split(b"\n\n"):
            name, _, data = block.rpartition(b"\n")
            if data.startswith(b"data: "):
                if not name:
                    frames.append(Frame(data[6:]))
                    continue
                if name.startswith(b"event: ") and b"\n" not in name:
                    frames.append(Frame(data[6:], name[7:].decode("utf-8", "replace") or None))
                    continue
            for line in block.split(b"\n"):
                self._read_line(line, frames)
            self._read_line(b"", frames)
        return frames

    def _read_lines(self, chunk: bytes) -> list[Frame]:
        """A line ends with CR, LF or both; a CR at the end of a chunk ends its line without waiting for an LF."""
        if self._after_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]
            self._after_cr = False
        if not chunk:
            return []
        self._after_cr = chunk.endswith(b"\r")
        if b"\r" in chunk:
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        first, *rest = chunk.split(b"\n")
        self._line += first
        frames: list[Frame] = []
        for line in rest:
            self._read_line(bytes(self._line), frames)
            self._line = bytearray(line)
        return frames

    def _read_line(self, line: bytes, frames: list[Frame]) -> None:
        if not self._begun:
            self._begun = True
            line = line.removeprefix(BOM)
        if not line:
            self._dispatch(frames)
            return
        name, _, value = line.partition(b":")
        if value.startswith(b" "):
            value = value[1:]
        match name:
            case b"data":
                self._add_data(value)
            case b"event":
                self._event = value.decode("utf-8", "replace")
            case b"id" if b"\0" not in value:
                self._id = value.decode("utf-8", "replace")
            case b"retry" if value.isdigit() and len(value) <= LONGEST_RETRY:
                self._retry = int(value)

    def _add_data(self, value: bytes) -> None:
        if self._data is None:
            self._data = []
        self._data.append(value)

    def _dispatch(self, frames: list[Frame]) -> None:
        if self._data is not None:
            data = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
            frames.append(Frame(data, self._event or None, self._id, self._retry))
        self._data = self._event = self._id = self._retry = None


def write_event(data: str | bytes, event: str | None = None, id: str | None = None, retry: int | None = None) -> bytes:
    """One event as bytes. A line end inside `data` becomes another data line; elsewhere it is refused."""
    lines = [
        parse_field("event", event),
        parse_field("id", id),
        parse_field("retry", None if retry is None else str(retry)),
    ]
    body = data.encode() if isinstance(data, str) else data
    body = body.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    lines += [b"data: " + line for line in body.split(b"\n")]
    return b"\n".join(line for line in lines if line) + b"\n\n"


def parse_field(name: str, value: str | None) -> bytes:
    if value is None:
        return b""
    if any(mark in value for mark in "\r\n\0"):
        raise ValueError(f"the {name} of an event cannot contain line ends or NUL: {value!r}")
    return f"{name}: {value}".encode()
