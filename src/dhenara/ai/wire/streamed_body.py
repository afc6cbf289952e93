"""Lines: a body of very many, made line by line while it is sent, again for every attempt."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import field
from typing import Protocol

from ..dataclass import dataclass

BLOCK = 1 << 16


class LineSource(Protocol):
    """Where lines wait until they are sent."""

    count: int
    size: int

    def add(self, line: bytes) -> None: ...

    def __iter__(self) -> Iterator[bytes]: ...

    def close(self) -> None: ...


class StreamedLines:
    """Every line of a spool as `written` makes it, with what stands before, between and after them."""

    def __init__(
        self,
        spool: Iterable[bytes],
        written: Callable[[int, bytes], bytes],
        before: bytes = b"",
        between: bytes = b"\n",
        after: bytes = b"\n",
    ) -> None:
        self._spool = spool
        self._written = written
        self._before = before
        self._between = between
        self._after = after
        self.size = sum(map(len, self))

    def __iter__(self) -> Iterator[bytes]:
        block = bytearray(self._before)
        for index, line in enumerate(self._spool):
            if index:
                block += self._between
            block += self._written(index, line)
            if len(block) >= BLOCK:
                yield bytes(block)
                block.clear()
        yield bytes(block + self._after)

    def enclosed(self, before: bytes, after: bytes) -> StreamedLines:
        """The same lines as entries of a JSON array in a document."""
        return StreamedLines(self._spool, self._written, before, b",", after)


@dataclass(frozen=True, slots=True)
class LineTemplate:
    """What is the same around every line of one kind, found by writing a mark in place of the rest."""

    before: bytes = field(repr=False)
    after: bytes = field(repr=False)

    @classmethod
    def mark(cls, document: bytes, mark: bytes) -> LineTemplate:
        before, match, after = document.partition(mark)
        if not match:
            raise ValueError("the place for the rest is not in the document")
        return cls(before, after)
