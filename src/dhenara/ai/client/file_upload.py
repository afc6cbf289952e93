"""Files that leave the disk as they are sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from ..errors import ConfigurationError

Progress = Callable[[int, int], None]
PIECE = 1 << 20


class FileBody:
    """A file that is read while it is sent, again for every attempt. `told` hears how much was, of how much."""

    def __init__(self, path: Path, on_progress: Progress | None) -> None:
        self._path = path
        self._data = on_progress
        try:
            self.size = path.stat().st_size
            path.open("rb").close()
        except OSError as error:
            raise ConfigurationError(f"the file {path} cannot be read: {error.strerror}") from error

    def __iter__(self) -> Iterator[bytes]:
        sent = 0
        with self._path.open("rb") as file:
            while sent < self.size and (piece := file.read(min(PIECE, self.size - sent))):
                yield piece
                sent += len(piece)
                if self._data is not None:
                    self._data(sent, self.size)
        if sent < self.size:
            raise ConfigurationError(f"the file {self._path} became shorter while it was sent")
