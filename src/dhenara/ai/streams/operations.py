"""Streams of transcripts and speech; iterators over batch items and submitted batches; lines of a batch on disk."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Generic, Self, TypeVar

from ..errors import BadAnswerError, ConfigurationError
from ..io.sync_io import run
from ..output_files import open_output, require_path
from ..pipeline.operations.batch_items import BatchItemReader
from ..pipeline.operations.batch_jobs import BatchClient, BatchSplitter
from ..pipeline.pipeline import Pipeline
from ..pipeline.streaming.stream import Batch, Stream
from ..types.chat.delta import Delta, MediaDelta, ResultDelta, TextDelta
from ..types.chat.report import OperationResponse
from ..types.config.call import Call
from ..types.operations.audio import SpeechResponse, TranscriptionResponse
from ..types.operations.batch import BatchItem, BatchJob
from .text import ReadByAsync, ReadBySync, ReadBySyncFor

P = TypeVar("P", str, bytes)
R = TypeVar("R", bound=OperationResponse)


class PieceStream(Generic[P, R]):
    """Base of the audio streams; a response that is not streamed counts as one piece."""

    kind: type[R]

    def __init__(self, pipeline: Pipeline, call: Call, stream: Stream) -> None:
        self._pipeline = pipeline
        self._call = call
        self._stream = stream
        self._ready: list[P] = []
        self._has_pieces = False
        self._over = False

    @property
    def response(self) -> R:
        """The complete response, once the stream has ended.

        Raises:
            ConfigurationError: If the stream has not ended.
        """
        result = self._pipeline.operation_result(self._call, self._stream)
        if not isinstance(result, self.kind):
            if self._over:
                raise BadAnswerError(f"the response to {self._call.operation!r} contains no result")
            raise ConfigurationError("the stream has not ended. Read it to the end first.")
        return result

    def _take(self, batch: Batch) -> None:
        for delta in batch:
            piece = (
                self._whole(delta.result)
                if isinstance(delta, ResultDelta) and not self._has_pieces
                else self._piece(delta)
            )
            if piece:
                self._has_pieces = True
                self._ready.append(piece)

    def _piece(self, delta: Delta) -> P | None:
        raise NotImplementedError

    def _whole(self, result: object) -> P | None:
        raise NotImplementedError

    def __del__(self) -> None:
        self._stream.abandon()


class TranscriptPieces(PieceStream[str, TranscriptionResponse]):
    """Extracts the text pieces of a transcript."""

    kind = TranscriptionResponse

    def _piece(self, delta: Delta) -> str | None:
        return delta.text if isinstance(delta, TextDelta) else None

    def _whole(self, result: object) -> str | None:
        return result.text if isinstance(result, TranscriptionResponse) else None


class SpeechPieces(PieceStream[bytes, SpeechResponse]):
    """Extracts the audio pieces of speech."""

    kind = SpeechResponse

    def _piece(self, delta: Delta) -> bytes | None:
        return base64.b64decode(delta.base64) if isinstance(delta, MediaDelta) else None

    def _whole(self, result: object) -> bytes | None:
        return result.bytes if isinstance(result, SpeechResponse) else None


class SyncPieces(ReadBySync, PieceStream[P, R]):
    """Iterator; closing it or garbage collection closes the connection."""

    def __iter__(self) -> Iterator[P]:
        return self

    def __next__(self) -> P:
        while not self._ready:
            batch = None if self._over else run(self._stream.pull())
            if batch is None:
                self._over = True
                raise StopIteration
            self._take(batch)
        return self._ready.pop(0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._over = True
        run(self._stream.close())


class AsyncPieces(ReadByAsync, PieceStream[P, R]):
    """Async version of `SyncPieces`."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> P:
        while not self._ready:
            batch = None if self._over else await self._stream.pull()
            if batch is None:
                self._over = True
                raise StopAsyncIteration
            self._take(batch)
        return self._ready.pop(0)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connection."""
        self._over = True
        await self._stream.close()


class SyncTranscript(TranscriptPieces, SyncPieces[str, TranscriptionResponse]):
    """Iterator over the text of a transcript."""


class AsyncTranscript(TranscriptPieces, AsyncPieces[str, TranscriptionResponse]):
    """Async iterator over the text of a transcript."""


class SyncSpeech(SpeechPieces, SyncPieces[bytes, SpeechResponse]):
    """Iterator over the bytes of speech."""

    def save(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the audio to a file while it arrives; after an error the file contains what was received.

        Args:
            path: The file.
            overwrite: Whether to replace an existing file (default False).

        Returns:
            The path.

        Raises:
            OutputExistsError: If the file exists and `overwrite` is False.
        """
        target = require_path("save(path)", path)
        with open_output(target, overwrite=overwrite) as file:
            for piece in self:
                file.write(piece)
        return target


class AsyncSpeech(SpeechPieces, AsyncPieces[bytes, SpeechResponse]):
    """Async iterator over the bytes of speech."""

    async def save(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Async version of `SyncSpeech.save`."""
        target, call = require_path("save(path)", path), self._pipeline.io.call
        file = await call(partial(open_output, target, overwrite=overwrite))
        try:
            async for piece in self:
                await call(file.write, piece)
        finally:
            await call(file.close)
        return target


OnSubmit = Callable[[str | None, int], None]
"""Called with the name of a batch and its number of calls, just before it is submitted."""


class BatchItems:
    """Items in the provider's order; `index` is the index of the call."""

    def __init__(self, items: BatchItemReader) -> None:
        self._items = items

    @property
    def job(self) -> BatchJob:
        """The finished batch."""
        return self._items.job

    def __del__(self) -> None:
        self._items.abandon()


class SyncBatchItems(ReadBySyncFor, BatchItems):
    """Iterator over batch items; closing it closes the connection."""

    def __iter__(self) -> Iterator[BatchItem]:
        return self

    def __next__(self) -> BatchItem:
        item = run(self._items.next_item())
        if item is None:
            raise StopIteration
        return item

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        run(self._items.close())


class AsyncBatchItems(ReadByAsync, BatchItems):
    """Async version of `SyncBatchItems`."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> BatchItem:
        item = await self._items.next_item()
        if item is None:
            raise StopAsyncIteration
        return item

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connection."""
        await self._items.close()


class Submissions:
    """Base of the submission iterators; after an error, iteration continues with the calls that follow."""

    def __init__(
        self, batching: BatchClient, portions: BatchSplitter, name: str | None, on_submit: OnSubmit | None
    ) -> None:
        self._batching = batching
        self._portions = portions
        self._name = name
        self._on_submit = on_submit
        self._made = 0

    async def _next(self) -> BatchJob | None:
        portion = await self._portions.next_portion()
        if portion is None:
            return None
        name = None if self._name is None else f"{self._name}-{self._made}"
        self._made += 1
        try:
            if self._on_submit is not None:
                self._on_submit(name, portion.spool.count)
            return await self._batching.submit_portion(portion, name)
        finally:
            portion.spool.close()


class SyncSubmissions(ReadBySyncFor, Submissions):
    """Iterator that submits one batch per step."""

    def __iter__(self) -> Iterator[BatchJob]:
        return self

    def __next__(self) -> BatchJob:
        job = run(self._next())
        if job is None:
            raise StopIteration
        return job


class AsyncSubmissions(ReadByAsync, Submissions):
    """Async version of `SyncSubmissions`."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> BatchJob:
        job = await self._next()
        if job is None:
            raise StopAsyncIteration
        return job


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
