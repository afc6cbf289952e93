"""Response bodies: the four ways in which they end (RFC 9112 section 6.3), and their content encodings."""

from __future__ import annotations

import re
import zlib
from typing import Protocol

from ...wire.limits import DEFAULT_LIMITS, LimitExceeded, ReadLimits
from ...wire.sse import BrokenFraming

# RFC 9112 section 7.1: chunk-size is 1*HEXDIG, extensions follow a semicolon. Sixteen digits are 2**64 bytes.
SIZE_LINE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(;[^\r\x00]*)?")
# RFC 9112 section 7.1.2: trailers have the form of header fields; a line that begins with space continues one.
TRAILER_LINE = re.compile(rb"(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:|[ \t])[^\r\x00]*")
# The usual size line: more than nothing, no extension.
USUAL_SIZE_LINE = re.compile(rb"(0{0,8}[1-9A-Fa-f][0-9A-Fa-f]{0,7})\r\n")
LINE_END = b"\r\n"
HEX_DIGITS = b"0123456789ABCDEFabcdef"
LONGEST_HEX = 16
SEVERAL = 1024
"""Bytes of chunks that are worth a split; fewer are read one by one."""
LONGEST_SIZE = 64
"""Longest size in the line of a chunk, in bytes, without its extension."""


class Body(Protocol):
    """The body of one response. `leftover` says that bytes arrived beyond its end; the connection is not reusable."""

    done: bool
    leftover: bool

    def feed(self, data: bytes) -> None: ...

    def take(self) -> bytes: ...

    def eof(self) -> None: ...


class NoBody:
    """No body: the response ends with its head."""

    __slots__ = ("done", "leftover")

    def __init__(self) -> None:
        self.done = True
        self.leftover = False

    def feed(self, data: bytes) -> None:
        self.leftover = self.leftover or bool(data)

    def take(self) -> bytes:
        return b""

    def eof(self) -> None:
        return


class SizedBody:
    """A body of the length that the head announced."""

    __slots__ = ("_left", "_ready", "_size", "done", "leftover")

    def __init__(self, size: int) -> None:
        self._size = self._left = size
        self._ready: list[bytes] = []
        self.done = size == 0
        self.leftover = False

    def feed(self, data: bytes) -> None:
        if len(data) > self._left:
            data, self.leftover = data[: self._left], True
        self._left -= len(data)
        if data:
            self._ready.append(data)
        self.done = self._left == 0

    def take(self) -> bytes:
        ready, self._ready = self._ready, []
        return b"".join(ready)

    def eof(self) -> None:
        if not self.done:
            raise BrokenFraming(f"the body ended {self._left} bytes before its {self._size} bytes were there")


class UntilClose:
    """A body that ends with the connection."""

    __slots__ = ("_ready", "done", "leftover")

    def __init__(self) -> None:
        self._ready: list[bytes] = []
        self.done = False
        self.leftover = True

    def feed(self, data: bytes) -> None:
        if data:
            self._ready.append(data)

    def take(self) -> bytes:
        ready, self._ready = self._ready, []
        return b"".join(ready)

    def eof(self) -> None:
        self.done = True


class ChunkedBody:
    """Chunks, each with its size before it; an empty chunk and trailers end the body (RFC 9112 section 7.1)."""

    __slots__ = (
        "_extensions", "_left", "_limits", "_line", "_ready", "_trailer_bytes", "_trailers", "done", "leftover"
    )  # fmt: skip

    def __init__(self, limits: ReadLimits = DEFAULT_LIMITS) -> None:
        self._ready: list[bytes] = []
        self._limits = limits
        self._line = bytearray()
        """The beginning of a size line or trailer whose end has not arrived."""
        self._left = 0
        """Bytes of the current chunk that are still to come, its line end included."""
        self._trailers = False
        self._extensions = self._trailer_bytes = 0
        self.done = False
        self.leftover = False

    def feed(self, data: bytes) -> None:
        at, end = 0, len(data)
        several = end > SEVERAL
        while at < end and not self.done:
            if self._left:
                at = self._read_chunk(data, at)
            elif several and not (self._line or self._trailers):
                at, several = self._read_whole_chunks(data, at), False
            elif self._line or self._trailers or (match := USUAL_SIZE_LINE.match(data, at)) is None:
                at = self._read_line(data, at)
            else:
                at = match.end()
                self._left = int(match[1], 16) + 2
        if at < end:
            self.leftover = True

    def take(self) -> bytes:
        ready, self._ready = self._ready, []
        return b"".join(ready)

    def eof(self) -> None:
        if not self.done:
            raise BrokenFraming("the body ended before its last chunk was there")

    def _read_whole_chunks(self, data: bytes, at: int) -> int:
        """Read the chunks that are here as a whole; return where the rest begins.

        In a stream nearly every chunk has its size alone before it, and no CRLF in it: then one split returns sizes and
        chunks in turn. Where that is not so, nothing is read.
        """
        pieces = data[at:].split(LINE_END)
        pairs = (len(pieces) - 1) // 2  # the last piece has no line end yet
        sizes, chunks = pieces[: 2 * pairs : 2], pieces[1 : 2 * pairs : 2]
        if b"" in chunks:
            del sizes[chunks.index(b"") :], chunks[chunks.index(b"") :]
        if b"" in sizes or b"".join(sizes).translate(None, HEX_DIGITS) or max(map(len, sizes), default=0) > LONGEST_HEX:
            return at
        if [int(size, 16) for size in sizes] != list(map(len, chunks)):
            return at
        self._ready += chunks
        return at + len(LINE_END.join(sizes)) + len(LINE_END.join(chunks)) + 2 * len(LINE_END) if chunks else at

    def _read_chunk(self, data: bytes, at: int) -> int:
        """As much of the chunk as is here; its last two bytes are its line end."""
        end = at + self._left
        if self._left > 2 and data[end - 2 : end] == b"\r\n":
            self._left = 0
            self._ready.append(data[at : end - 2])
            return end
        here = len(data) - at
        content = min(self._left - 2, here)
        if content > 0:
            self._ready.append(data[at : at + content])
            self._left -= content
            at += content
        ending = data[at : at + self._left]  # nothing, as long as the content is not complete
        if not b"\r\n"[2 - self._left :].startswith(ending):
            raise BrokenFraming(f"a chunk is not followed by a line end but by {ending!r}")
        self._left -= len(ending)
        return at + len(ending)

    def _read_line(self, data: bytes, at: int) -> int:
        """A size or a trailer; returns where the rest begins. Each byte is searched once, however lines arrive."""
        end = data.find(b"\n", at)
        part = data[at:] if end < 0 else data[at:end]
        if self._trailers:
            self._trailer_bytes += len(part) + 1
            if self._trailer_bytes > self._limits.trailer_bytes:
                raise LimitExceeded("the trailer section of the response", "trailer_bytes", self._limits.trailer_bytes)
        elif len(self._line) + len(part) > self._limits.chunk_extension_bytes + LONGEST_SIZE:
            most = self._limits.chunk_extension_bytes
            raise LimitExceeded("the line with the size of a chunk", "chunk_extension_bytes", most)
        if self._line or end < 0:
            self._line += part
            if end < 0:
                return len(data)
            part = bytes(self._line)
            self._line.clear()
        self._take_line(part.removesuffix(b"\r"))
        return end + 1

    def _take_line(self, line: bytes) -> None:
        if self._trailers:
            self.done = not line
            if line and TRAILER_LINE.fullmatch(line) is None:
                raise BrokenFraming(f"a trailer of the response cannot be read: {line[:40]!r}")
            return
        match = SIZE_LINE.fullmatch(line)
        if match is None:
            raise BrokenFraming(f"not the size of a chunk: {line[:40]!r}")
        if match[2]:
            self._extensions += len(match[2])
            if self._extensions > self._limits.chunk_extension_bytes:
                most = self._limits.chunk_extension_bytes
                raise LimitExceeded("what all chunk extensions of the response come to", "chunk_extension_bytes", most)
        size = int(match[1], 16)
        self._trailers = size == 0
        self._left = size + 2 if size else 0


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
    if encoding is None:
        return None
    name = encoding.strip().lower()
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
