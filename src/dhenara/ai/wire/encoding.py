"""Compressed bodies, opened as they arrive and never further than what is asked for."""

from __future__ import annotations

from typing import Protocol

from .frame import BrokenFraming


class Decompressor(Protocol):
    """Opens one body."""

    waiting: bool
    """Whether more can be had without more input: `feed(b"", most)` gives it."""

    def feed(self, data: bytes, most: int = 0) -> bytes:
        """What `data` opens to, at most `most` bytes of it; 0 for no bound."""

    def finish(self) -> bytes:
        """What was still held back. Raises BrokenFraming when the end of the compressed data did not arrive."""


class UnsupportedEncoding:
    """A body in a coding that was not asked for. Its head may be all that is needed."""

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
        from .decompress import GzipDecompressor

        return GzipDecompressor()
    return UnsupportedEncoding(name[:60])
