"""Buffers request lines, small ones in memory and large ones in a temporary file."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator

IN_MEMORY = 1 << 22
BLOCK = 1 << 20


class Spool:
    """Written once, read for every attempt; lines contain no line breaks."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  # it lives until `close`
        self.count = 0
        self.size = 0

    def add(self, line: bytes) -> None:
        self._file.seek(self.size)
        self._file.write(line + b"\n")
        self.size += len(line) + 1
        self.count += 1

    def __iter__(self) -> Iterator[bytes]:
        at, rest = 0, b""
        while at < self.size:
            self._file.seek(at)
            block = self._file.read(min(BLOCK, self.size - at))
            at += len(block)
            *whole, rest = (rest + block).split(b"\n")
            yield from whole

    def close(self) -> None:
        """Delete the buffer."""
        self._file.close()
