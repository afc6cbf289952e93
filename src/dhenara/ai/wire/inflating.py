"""gzip and deflate, opened as they arrive."""

from __future__ import annotations

import zlib

from .frame import BrokenFraming

WRAPPED = zlib.MAX_WBITS | 32
WRAPPER = 2
"""Bytes that tell a wrapper from none."""
GZIP = b"\x1f"


class Inflater:
    """gzip, of one member or many, and zlib streams; deflate without its wrapper too, which some servers send."""

    __slots__ = ("_engine", "_first", "_started")

    def __init__(self) -> None:
        self._engine = zlib.decompressobj(WRAPPED)
        self._first = b""
        """The first bytes, as long as they do not say whether there is a wrapper."""
        self._started = False

    def feed(self, data: bytes) -> bytes:
        if not self._started:
            data = self._first = self._first + data
            if len(data) < WRAPPER:
                return b""
            self._start(data)
        try:
            return self._opened(data)
        except zlib.error as error:
            raise BrokenFraming(f"the compressed body is damaged: {error}") from error

    def finish(self) -> bytes:
        return self._engine.flush()

    def _start(self, data: bytes) -> None:
        self._started, self._first = True, b""
        try:
            zlib.decompressobj(WRAPPED).decompress(data[:WRAPPER])
        except zlib.error:
            self._engine = zlib.decompressobj(-zlib.MAX_WBITS)

    def _opened(self, data: bytes) -> bytes:
        opened = self._engine.decompress(data)
        while self._engine.eof and self._engine.unused_data.startswith(GZIP):
            rest, self._engine = self._engine.unused_data, zlib.decompressobj(WRAPPED)
            opened += self._engine.decompress(rest)
        return opened
