"""Reads a file from disk while it is uploaded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from ..errors import ConfigurationError

Progress = Callable[[int, int], None]
PIECE = 1 << 20


class FileBody:
    """Request body that reads the file again for each attempt; `on_progress(sent, size)` is called after each piece."""

    def __init__(self, path: Path, on_progress: Progress | None) -> None:
        self._path = path
        self._on_progress = on_progress
        try:
            self.size = path.stat().st_size
            path.open("rb").close()
        except OSError as error:
            raise ConfigurationError(f"file {path} cannot be read: {error.strerror}") from error

    def __iter__(self) -> Iterator[bytes]:
        sent = 0
        with self._path.open("rb") as file:
            while sent < self.size and (piece := file.read(min(PIECE, self.size - sent))):
                yield piece
                sent += len(piece)
                if self._on_progress is not None:
                    self._on_progress(sent, self.size)
        if sent < self.size:
            raise ConfigurationError(f"file {self._path} was truncated during the upload")
