"""Content encodings of response bodies: gzip and deflate, decompressed in bounded steps."""

from __future__ import annotations

import zlib
from typing import Protocol

from ...wire.frame import BrokenFraming


class Decompressor(Protocol):
    """Opens one body."""

    waiting: bool
    """Whether more can be had without more input: `feed(b"", most)` gives it."""

    def feed(self, data: bytes, most: int = 0) -> bytes:
        """What `data` opens to, at most `most` bytes of it; 0 for no bound."""
        ...

    def finish(self) -> bytes:
        """What was still held back. Raises BrokenFraming when the end of the compressed data did not arrive."""
        ...


class UnsupportedEncoding:
    """A body in an unsupported content encoding: an error, but only if the body is read."""

    __slots__ = ("_name", "waiting")

    def __init__(self, name: str) -> None:
        self._name = name
        self.waiting = False

    def feed(self, data: bytes, most: int = 0) -> bytes:
        raise BrokenFraming(f"the body is encoded as {self._name!r}, which was not asked for")

    def finish(self) -> bytes:
        return b""


def decompressor(encoding: str | None) -> Decompressor | None:
    """The way to open a body of this `content-encoding`; None where there is nothing to open."""
    name = (encoding or "identity").strip().lower()
    if name in ("", "identity"):
        return None
    if name in ("gzip", "x-gzip", "deflate"):
        return GzipDecompressor()
    return UnsupportedEncoding(name[:60])


WRAPPED = zlib.MAX_WBITS | 32
WRAPPER = 2
"""Bytes that tell a wrapper from none."""
GZIP = b"\x1f"


class GzipDecompressor:
    """gzip, of one member or many, and zlib streams; deflate without its wrapper too, which some servers send.

    `feed` opens no more than it is asked for and keeps the rest compressed, so that a few kilobytes that stand for
    gigabytes never become them.
    """

    __slots__ = ("_engine", "_first", "_held", "_started", "waiting")

    def __init__(self) -> None:
        self._engine = zlib.decompressobj(WRAPPED)
        self._first = b""
        """The first bytes, as long as they do not say whether there is a wrapper."""
        self._held = b""
        """Compressed bytes that were not opened yet, because `most` was reached before them."""
        self._started = False
        self.waiting = False

    def feed(self, data: bytes, most: int = 0) -> bytes:
        if not self._started:
            data = self._first = self._first + data
            if len(data) < WRAPPER:
                return b""
            self._start(data)
        try:
            return self._open(self._held + data if self._held else data, most)
        except zlib.error as error:
            raise BrokenFraming(f"the compressed body is damaged: {error}") from error

    def finish(self) -> bytes:
        if self._first or (self._started and not self._engine.eof):
            # RFC 1952 section 2.3: a checksum and the length follow the data; without them it may be cut anywhere.
            raise BrokenFraming("the compressed body ended before its end marker")
        return b""

    def _start(self, data: bytes) -> None:
        self._started, self._first = True, b""
        try:
            zlib.decompressobj(WRAPPED).decompress(data[:WRAPPER])
        except zlib.error:
            self._engine = zlib.decompressobj(-zlib.MAX_WBITS)

    def _open(self, data: bytes, most: int) -> bytes:
        opened: list[bytes] = []
        room, self._held, self.waiting = most, b"", False
        while True:
            if self._engine.eof:
                if not data.startswith(GZIP):
                    break  # nothing, or padding after the last member
                self._engine = zlib.decompressobj(WRAPPED)
            opened.append(self._engine.decompress(data, room if most else 0))
            data = self._engine.unused_data if self._engine.eof else self._engine.unconsumed_tail
            room -= len(opened[-1])
            if most and room <= 0:
                self._held, self.waiting = data, True
                break
            if not self._engine.eof:
                break
        return opened[0] if len(opened) == 1 else b"".join(opened)
