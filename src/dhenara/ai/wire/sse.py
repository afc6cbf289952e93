"""Server-sent events and newline-delimited JSON: bytes to frames."""

from __future__ import annotations

import re
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
EVENT_END = b"\n\n"
# An event and its blank line. Nearly every one is one line of data, or a name and one line of data.
EVENT = re.compile(rb"(?:event: ?(.*)\n)?data: ?(.*)\n\n|((?:.*\n)+?)\n")
LONGEST_RETRY = 12
"""Digits of a waiting time in milliseconds; one with more is a mistake, and ignored like any other."""


class SseFrames:
    """Follows the standard, with one mercy: a last event without its blank line is delivered by `finish`.

    Only what follows the last blank line is kept, with all line ends as LF.
    """

    __slots__ = ("_after_cr", "_begun", "_rest")

    def __init__(self) -> None:
        self._rest = bytearray()
        self._after_cr = False
        self._begun = False

    def feed(self, chunk: bytes) -> list[Frame]:
        if self._after_cr or b"\r" in chunk:
            chunk = self._with_plain_ends(chunk)
        rest = self._rest
        if rest or chunk[-2:] != EVENT_END or not self._begun:
            # The blank line may be half in the rest, which was searched before.
            begin = max(0, len(rest) - 1)
            rest += chunk
            end = rest.rfind(EVENT_END, begin)
            if end < 0:
                return []
            chunk = bytes(rest[: end + 2])
            del rest[: end + 2]
        return self._read_events(chunk)

    def finish(self) -> list[Frame]:
        rest = bytes(self._rest)
        self._rest.clear()
        return self._read_events(rest + EVENT_END)

    def _with_plain_ends(self, chunk: bytes) -> bytes:
        """A line ends with CR, LF or both; a CR at the end of a chunk ends its line without waiting for an LF."""
        if chunk:
            begin = 1 if self._after_cr and chunk[:1] == b"\n" else 0
            self._after_cr = chunk[-1:] == b"\r"
            chunk = chunk[begin:].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return chunk

    def _read_events(self, events: bytes) -> list[Frame]:
        if not self._begun:
            self._begun = True
            events = events.removeprefix(BOM)
        frames: list[Frame] = []
        for name, data, lines in EVENT.findall(events):
            if lines:
                read_event(lines.split(b"\n"), frames)
            else:
                frames.append(Frame(data, name.decode("utf-8", "replace") if name else None))
        return frames


def read_event(lines: list[bytes], frames: list[Frame]) -> None:
    """Add the event of these lines, if they have data."""
    frame = Frame(b"")
    values: list[bytes] = []
    for line in lines:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        match name:
            case b"data":
                values.append(value)
            case b"event":
                frame.event = value.decode("utf-8", "replace") or None
            case b"id" if b"\0" not in value:
                frame.id = value.decode("utf-8", "replace")
            case b"retry" if value.isdigit() and len(value) <= LONGEST_RETRY:
                frame.retry = int(value)
    if values:
        frame.data = b"\n".join(values)
        frames.append(frame)


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
