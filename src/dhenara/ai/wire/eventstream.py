"""AWS event streams: binary messages with typed headers, each guarded by two checksums."""

from __future__ import annotations

import struct
import uuid
import zlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from .sse import BrokenFraming, ForeignFraming, Frame

PRELUDE = 12
TRAILER = 4
LARGEST = 24 * 1024 * 1024


class EventStreamFrames:
    """A frame for each message; its event is the event's or the exception's name, its headers tell which."""

    __slots__ = ("_buffer", "_damage", "_offset")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._offset = 0
        self._damage: BrokenFraming | None = None

    def feed(self, chunk: bytes) -> list[Frame]:
        """Messages before a damaged one are returned; the next call raises the error."""
        if self._damage is not None:
            raise self._damage
        self._buffer += chunk
        frames: list[Frame] = []
        start = 0
        try:
            while (length := self._length(start)) is not None and len(self._buffer) - start >= length:
                frames.append(self._message(start, length))
                start += length
        except BrokenFraming as error:
            if not frames:
                raise
            self._damage = error
        del self._buffer[:start]
        self._offset += start
        return frames

    def finish(self) -> list[Frame]:
        if self._damage is not None:
            raise self._damage
        if self._buffer:
            raise BrokenFraming(
                f"the stream ended in the middle of a message, {len(self._buffer)} bytes after byte {self._offset}"
            )
        return []

    def _length(self, start: int) -> int | None:
        """The length of the message that begins here; None while its prelude is incomplete."""
        if len(self._buffer) - start < PRELUDE:
            return None
        total, headers, checksum = struct.unpack_from(">III", self._buffer, start)
        if total > LARGEST and not self._offset + start:
            raise ForeignFraming("this is no AWS event stream")
        if zlib.crc32(self._buffer[start : start + 8]) != checksum:
            raise self._broken(start, "the checksum of the prelude is wrong")
        if not PRELUDE + TRAILER + headers <= total <= LARGEST:
            raise self._broken(start, f"a message of {total} bytes with {headers} bytes of headers is impossible")
        return int(total)

    def _message(self, start: int, length: int) -> Frame:
        message = bytes(self._buffer[start : start + length])
        (checksum,) = struct.unpack_from(">I", message, length - TRAILER)
        if zlib.crc32(message[:-TRAILER]) != checksum:
            raise self._broken(start, "the checksum of the message is wrong")
        (size,) = struct.unpack_from(">I", message, 4)
        try:
            headers = read_headers(message[PRELUDE : PRELUDE + size])
        except (struct.error, KeyError, ValueError, OverflowError, OSError, IndexError) as error:
            raise self._broken(start, f"its headers cannot be read: {error!r}") from error
        named = headers.get(":exception-type") or headers.get(":event-type") or headers.get(":error-code")
        return Frame(message[PRELUDE + size : -TRAILER], None if named is None else str(named), headers=headers)

    def _broken(self, start: int, what: str) -> BrokenFraming:
        return BrokenFraming(f"in the message at byte {self._offset + start}: {what}")


def read_headers(data: bytes) -> dict[str, object]:
    headers: dict[str, object] = {}
    at = 0
    while at < len(data):
        size = data[at]
        name = data[at + 1 : at + 1 + size].decode()
        at += 1 + size
        value, at = READERS[data[at]](data, at + 1)
        headers[name] = value
    return headers


def read_sized(data: bytes, at: int) -> tuple[bytes, int]:
    (size,) = struct.unpack_from(">H", data, at)
    value = data[at + 2 : at + 2 + size]
    if len(value) < size:
        raise IndexError("a value is longer than the headers")
    return value, at + 2 + size


def read_text(data: bytes, at: int) -> tuple[object, int]:
    value, after = read_sized(data, at)
    return value.decode(), after


def read_time(data: bytes, at: int) -> tuple[object, int]:
    (milliseconds,) = struct.unpack_from(">q", data, at)
    return datetime.fromtimestamp(milliseconds / 1000, UTC), at + 8


def read_uuid(data: bytes, at: int) -> tuple[object, int]:
    return uuid.UUID(bytes=data[at : at + 16]), at + 16


def integer_reader(form: str) -> Callable[[bytes, int], tuple[object, int]]:
    size = struct.calcsize(form)

    def read(data: bytes, at: int) -> tuple[object, int]:
        return struct.unpack_from(form, data, at)[0], at + size

    return read


READERS: dict[int, Callable[[bytes, int], tuple[object, int]]] = {
    0: lambda _, at: (True, at),
    1: lambda _, at: (False, at),
    2: integer_reader(">b"),
    3: integer_reader(">h"),
    4: integer_reader(">i"),
    5: integer_reader(">q"),
    6: read_sized,
    7: read_text,
    8: read_time,
    9: read_uuid,
}


def write_message(headers: Mapping[str, object], payload: bytes) -> bytes:
    """One message with both checksums."""
    data = b"".join(write_header(name, value) for name, value in headers.items())
    total = PRELUDE + len(data) + len(payload) + TRAILER
    prelude = struct.pack(">II", total, len(data))
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + data + payload
    return message + struct.pack(">I", zlib.crc32(message))


def write_header(name: str, value: object) -> bytes:
    encoded = name.encode()
    return bytes([len(encoded)]) + encoded + write_value(value)


def write_value(value: object) -> bytes:
    match value:
        case bool():
            return b"\x00" if value else b"\x01"
        case int():
            return struct.pack(">Bi", 4, value) if -(2**31) <= value < 2**31 else struct.pack(">Bq", 5, value)
        case bytes():
            return struct.pack(">BH", 6, len(value)) + value
        case str():
            encoded = value.encode()
            return struct.pack(">BH", 7, len(encoded)) + encoded
        case datetime():
            return struct.pack(">Bq", 8, round(value.timestamp() * 1000))
        case uuid.UUID():
            return b"\x09" + value.bytes
    raise TypeError(f"a {type(value).__name__} cannot be a header of an event")
