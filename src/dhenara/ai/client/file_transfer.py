"""Reads files from disk while they are uploaded; downloads to a temporary file, renamed when complete."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from uuid import uuid4

from ..errors import CallError, ConfigurationError, OutputExistsError
from ..output_files import check_output, move_output
from ..pipeline.layers.retry import Retry
from ..pipeline.pipeline import Pipeline
from ..pipeline.streaming.stream import Batch, Stream
from ..types.chat.delta import FileDelta
from ..types.config.call import Call, CallJournal

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


async def fetch(
    pipeline: Pipeline, call: Call, path: Path, on_progress: DownloadProgress | None, *, overwrite: bool = False
) -> Path:
    """Download a file to `path`; an interrupted download is restarted from the beginning, within `retries`."""
    await pipeline.io.call(partial(check_output, path, overwrite=overwrite))
    total = call.config.timeouts.total
    deadline = None if total is None else pipeline.io.monotonic() + total
    config, again, failed = call.config.model_copy(update={"streaming": True}), Retry(pipeline.io), 0
    while True:
        attempt = replace(call, config=config, deadline=deadline, journal=CallJournal())
        try:
            return await download_to_path(pipeline, attempt, path, on_progress, overwrite)
        except DownloadInterrupted as cut:
            failed += 1
            cut.error.retriable = True
            decision = again.decide(attempt, cut.error, failed)
            if isinstance(decision, str):
                raise cut.error from cut.error.__cause__
            await pipeline.io.sleep(decision)


class DownloadInterrupted(Exception):
    """The download was interrupted; `error` is the cause."""

    def __init__(self, error: CallError) -> None:
        super().__init__(str(error))
        self.error = error


async def download_to_path(
    pipeline: Pipeline, call: Call, path: Path, on_progress: DownloadProgress | None, overwrite: bool
) -> Path:
    stream, work = await pipeline.start(call), pipeline.io.call
    try:
        download = await work(PartialDownload, path, size_of(call), on_progress, overwrite)
        try:
            while (batch := await pull_or_none(stream)) is not None:
                for delta in batch:
                    if isinstance(delta, FileDelta):
                        await work(download.write, delta.data)
            await work(download.commit)
        finally:
            download.discard()
    except BaseException:
        stream.abandon()
        raise
    return path


async def pull_or_none(stream: Stream) -> Batch | None:
    try:
        return await stream.pull()
    except CallError as error:
        raise DownloadInterrupted(error) from error


def size_of(call: Call) -> int | None:
    """Return the file size from Content-Length, or None if unknown or compressed."""
    headers = call.journal.head.headers if call.journal.head else {}
    length = headers.get("content-length", "")
    return int(length) if length.isdigit() and "content-encoding" not in headers else None


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
