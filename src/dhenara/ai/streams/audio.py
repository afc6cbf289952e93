"""Transcripts and speech in pieces, as users hold them while they come."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Generic, Self, TypeVar

from ..errors import BadAnswerError, ConfigurationError
from ..pipeline.pipeline import Pipeline
from ..pipeline.stream import Batch, Stream
from ..runtime.sync_io import run
from ..types.audio import SpeechResponse, TranscriptionResponse
from ..types.call import Call
from ..types.delta import Delta, MediaDelta, ResultDelta, TextDelta
from ..types.result import OperationResponse

P = TypeVar("P", str, bytes)
R = TypeVar("R", bound=OperationResponse)


class PieceStream(Generic[P, R]):
    """What every kind and colour has in common. An answer that comes whole is one piece."""

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
        """The whole answer, once it is here."""
        made = self._pipeline.operation_result(self._call, self._stream)
        if not isinstance(made, self.kind):
            if self._over:
                raise BadAnswerError(f"the answer to {self._call.operation!r} has no result in it")
            raise ConfigurationError("the answer is still on its way: read the stream to its end first")
        return made

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
    """Pieces of a transcript."""

    kind = TranscriptionResponse

    def _piece(self, delta: Delta) -> str | None:
        return delta.text if isinstance(delta, TextDelta) else None

    def _whole(self, result: object) -> str | None:
        return result.text if isinstance(result, TranscriptionResponse) else None


class SpeechPieces(PieceStream[bytes, SpeechResponse]):
    """Pieces of speech."""

    kind = SpeechResponse

    def _piece(self, delta: Delta) -> bytes | None:
        return base64.b64decode(delta.base64) if isinstance(delta, MediaDelta) else None

    def _whole(self, result: object) -> bytes | None:
        return result.bytes if isinstance(result, SpeechResponse) else None


class SyncPieces(PieceStream[P, R]):
    """An iterator. Leaving it, closing it or forgetting it ends the request at once."""

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
        """Ends the request now."""
        self._over = True
        run(self._stream.close())


class AsyncPieces(PieceStream[P, R]):
    """The same for `async for`."""

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
        """Ends the request now."""
        self._over = True
        await self._stream.close()


class SyncTranscript(TranscriptPieces, SyncPieces[str, TranscriptionResponse]):
    """The words of a transcript as they come."""


class AsyncTranscript(TranscriptPieces, AsyncPieces[str, TranscriptionResponse]):
    """The words of a transcript as they come."""


class SyncSpeech(SpeechPieces, SyncPieces[bytes, SpeechResponse]):
    """The bytes of speech as they come."""

    def save(self, path: str | Path) -> Path:
        """Writes the sound while it comes. What arrived before a failure stays in the file, and is an error."""
        target = Path(path)
        with target.open("wb") as file:
            for piece in self:
                file.write(piece)
        return target


class AsyncSpeech(SpeechPieces, AsyncPieces[bytes, SpeechResponse]):
    """The bytes of speech as they come."""

    async def save(self, path: str | Path) -> Path:
        """Writes the sound while it comes. What arrived before a failure stays in the file, and is an error."""
        target, call = Path(path), self._pipeline.io.call
        file = await call(target.open, "wb")
        try:
            async for piece in self:
                await call(file.write, piece)
        finally:
            await call(file.close)
        return target
