"""Paths that users give, output files that are never replaced unless the caller says so, and files as bodies."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

from .errors import ConfigurationError, OutputExistsError


def require_path(argument: str, path: Any, what: str = "the path of a file", *, home: bool = False) -> Path:
    """Return the path that an argument names.

    Args:
        argument: The argument, for the error, such as `Run.save(path)`.
        path: What was passed.
        what: What it takes, for the error.
        home: Whether `~` is the folder of the user.

    Raises:
        ConfigurationError: If it is no path.
    """
    try:
        place = Path(path)
        if os.fspath(path) and "\0" not in str(place):
            return place.expanduser() if home else place
    except TypeError:
        raise ConfigurationError(f"{argument} takes {what}, not {type(path).__name__}.") from None
    except RuntimeError as error:  # there is no folder of this user
        raise ConfigurationError(f"{path} cannot be found: {error} Pass the whole path.") from None
    raise ConfigurationError(f"{argument} takes {what}, not {path!r}.")


def output_exists(path: Path) -> OutputExistsError:
    """Return the error about an output file that exists."""
    return OutputExistsError(f"{path} exists. Pass overwrite=True to replace it, or choose another path.")


def check_output(path: Path, *, overwrite: bool = False) -> None:
    """Check that an output file may be written, before the work that fills it.

    Raises:
        OutputExistsError: If the path exists, also as a broken link, and is not to be replaced.
        ConfigurationError: If it is a folder.
    """
    if path.is_dir():
        raise ConfigurationError(f"{path} is a folder. Pass the path of a file.")
    if not overwrite and (path.exists() or path.is_symlink()):
        raise output_exists(path)


def owner_only(path: str, flags: int) -> int:
    """Open a file, and if it is created let only its owner read it; an opener for `open`."""
    return os.open(path, flags, 0o600)


def open_output(path: Path, *, overwrite: bool = False, private: bool = False) -> BinaryIO:
    """Open an output file for writing; without `overwrite`, no other program can create it in between.

    Args:
        path: The file.
        overwrite: Whether to replace it. Default False.
        private: Whether only its owner may read it. Default False: as the system creates files.

    Raises:
        OutputExistsError: If the path exists and is not to be replaced.
        ConfigurationError: If it cannot be written.
    """
    check_output(path, overwrite=overwrite)
    try:
        return open(path, "wb" if overwrite else "xb", opener=owner_only if private else None)
    except FileExistsError:
        raise output_exists(path) from None
    except OSError as error:
        raise not_writable(path, error) from error


def write_output(path: Path, data: bytes, *, overwrite: bool = False, private: bool = False) -> None:
    """Write a whole output file.

    Raises:
        OutputExistsError: If the path exists and is not to be replaced.
        ConfigurationError: If it cannot be written.
    """
    with open_output(path, overwrite=overwrite, private=private) as file:
        try:
            file.write(data)
        except OSError as error:
            raise not_writable(path, error) from error


def move_output(temporary: Path, path: Path, *, overwrite: bool = False) -> None:
    """Give a complete temporary file in the same folder its name.

    Raises:
        OutputExistsError: If the path exists by now and is not to be replaced.
        OSError: If the file cannot be renamed.
    """
    if overwrite:
        temporary.replace(path)
        return
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        raise output_exists(path) from None
    except (OSError, NotImplementedError):
        # This file system has no hard links.
        check_output(path)
        temporary.replace(path)
    else:
        temporary.unlink()


def not_writable(path: Path, error: OSError) -> ConfigurationError:
    if not path.parent.exists():
        return ConfigurationError(f"the folder {path.parent} does not exist. Create it, or choose another path.")
    return ConfigurationError(f"file {path} cannot be written: {error.strerror}")


def save_output(path: Path, data: bytes, *, overwrite: bool = False) -> None:
    """Write a whole file with a run or a conversation, which only its owner may read, or leave what was there.

    The data gets the name of the file when it is complete. A file that is replaced keeps its permissions.

    Raises:
        OutputExistsError: If the path exists and is not to be replaced.
        ConfigurationError: If it cannot be written.
    """
    check_output(path, overwrite=overwrite)
    temporary = path.with_name(f".{path.name}.{os.urandom(4).hex()}.new")
    write_output(temporary, data, private=True)
    try:
        if path.exists():
            temporary.chmod(path.stat().st_mode)
        move_output(temporary, path, overwrite=overwrite)
    finally:
        temporary.unlink(missing_ok=True)


DownloadProgress = Callable[[int, int | None], None]


class PartialDownload:
    """A temporary file next to `path`; `commit` renames it to `path`, `discard` deletes it."""

    def __init__(self, path: Path, size: int | None, on_progress: DownloadProgress | None, overwrite: bool) -> None:
        self._path = path
        self._overwrite = overwrite
        self._size = size
        self._on_progress = on_progress
        self._arrived = 0
        self._temporary = path.with_name(f".{path.name}.{uuid4().hex[:8]}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._temporary.open("wb")
        except OSError as error:
            raise self._write_error(error) from error

    def write(self, data: bytes) -> None:
        try:
            self._file.write(data)
        except OSError as error:
            raise self._write_error(error) from error
        self._arrived += len(data)
        if self._on_progress is not None:
            self._on_progress(self._arrived, self._size)

    def commit(self) -> None:
        try:
            self._file.close()
            move_output(self._temporary, self._path, overwrite=self._overwrite)
        except OutputExistsError:
            raise
        except OSError as error:
            raise self._write_error(error) from error

    def discard(self) -> None:
        """Delete the temporary file; does nothing after `commit`."""
        self._file.close()
        self._temporary.unlink(missing_ok=True)

    def _write_error(self, error: OSError) -> ConfigurationError:
        return ConfigurationError(f"file {self._path} cannot be written: {error.strerror}")


UploadProgress = Callable[[int, int], None]
PIECE = 1 << 20


class FileBody:
    """Request body that reads the file again for each attempt; `on_progress(sent, size)` is called after each piece."""

    def __init__(self, path: Path, on_progress: UploadProgress | None) -> None:
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
