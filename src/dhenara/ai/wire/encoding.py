"""Compressed bodies, opened as they arrive."""

from __future__ import annotations

from typing import Protocol

from .frame import BrokenFraming


class Decompressor(Protocol):
    """Opens one body."""

    def feed(self, data: bytes) -> bytes: ...

    def finish(self) -> bytes:
        """What was still held back."""


class Unopenable:
    """A body in a coding that was not asked for. Its head may be all that is needed."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def feed(self, data: bytes) -> bytes:
        raise BrokenFraming(f"the body is encoded as {self._name!r}, which was not asked for")

    def finish(self) -> bytes:
        return b""


def decompressor(encoding: str | None) -> Decompressor | None:
    """The way to open a body of this `content-encoding`; None where there is nothing to open."""
    name = (encoding or "identity").strip().lower()
    if name in ("", "identity"):
        return None
    if name in ("gzip", "x-gzip", "deflate"):
        from .inflating import Inflater

        return Inflater()
    return Unopenable(name)
