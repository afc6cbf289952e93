"""Compressed bodies, opened as they arrive."""

from __future__ import annotations

import zlib

from .frame import BrokenFraming


class Decompressor:
    """gzip and zlib streams; deflate without its wrapper too, which some servers send."""

    __slots__ = ("_engine", "_started")

    def __init__(self, wbits: int) -> None:
        self._engine = zlib.decompressobj(wbits)
        self._started = False

    def feed(self, data: bytes) -> bytes:
        try:
            opened = self._engine.decompress(data)
        except zlib.error as error:
            if self._started:
                raise BrokenFraming(f"the compressed body is damaged: {error}") from error
            self._engine = zlib.decompressobj(-zlib.MAX_WBITS)
            opened = self._raw(data)
        self._started = True
        return opened

    def finish(self) -> bytes:
        """What the engine still held back."""
        return self._engine.flush()

    def _raw(self, data: bytes) -> bytes:
        try:
            return self._engine.decompress(data)
        except zlib.error as error:
            raise BrokenFraming(f"the body is not compressed the way its head says: {error}") from error


def decompressor(encoding: str | None) -> Decompressor | None:
    """The way to open a body of this `content-encoding`; None where there is nothing to open."""
    name = (encoding or "identity").strip().lower()
    if name in ("", "identity"):
        return None
    if name in ("gzip", "x-gzip", "deflate"):
        return Decompressor(zlib.MAX_WBITS | 32)
    raise BrokenFraming(f"the body is encoded as {name!r}, which was not asked for")
