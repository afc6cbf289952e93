"""Streams of chats and runs: `(chunk, None)` for each chunk, then `(None, final)`; events of a run, then the run."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from ..config import settings
from ..errors import CallError, ConfigurationError
from ..io.sync_io import run
from ..pipeline.agent.run_loop import RunLoop
from ..pipeline.agent.run_state import RunEvent
from ..pipeline.pipeline import Pipeline
from ..pipeline.streaming.stream import Batch, Stream
from ..pipeline.streaming.structured_output import PartialOutputReader
from ..response.deltas import ChunkBuilder, to_error_event
from ..types.chat.response import AIModelCallResponse, ChatResponse
from ..types.chat.run import Run
from ..types.chat.stream import StreamEvent
from ..types.config.call import Call
from .text import (
    NOT_ENDED,
    AsyncRunTextStream,
    AsyncTextStream,
    ReadByAsync,
    ReadBySyncFor,
    RunTextStream,
    TextStream,
)


class ChatStreamBase:
    """Base of the sync and async chat streams."""

    def __init__(self, pipeline: Pipeline, call: Call, stream: Stream) -> None:
        self._pipeline = pipeline
        self._call = call
        self._stream = stream
        self._chunker = ChunkBuilder(stream.origin or pipeline.target.origin)
        self._ended = False
        self._response: AIModelCallResponse | None = None
        self._partial_reader: PartialOutputReader | None = None
        if call.config.structured_output is not None:
            stream.collect_texts()

    def partial(self) -> ChatResponse:
        """Return the response so far, also after the stream was interrupted or closed."""
        return self._stream.partial()

    @property
    def response(self) -> AIModelCallResponse:
        """The whole response, once the stream has ended; if it was interrupted or closed, what had arrived.

        Raises:
            ConfigurationError: If the stream has not ended.
        """
        if not self._ended:
            raise ConfigurationError(NOT_ENDED)
        if self._response is None:
            self._response = self._final()
        return self._response

    @property
    def error(self) -> CallError | None:
        """The error that interrupted the stream, or None."""
        error = self._stream.error
        if error is not None:
            error.attempts = tuple(self._call.journal.attempts)
        return error

    def partial_output(self) -> Any:
        """Return the structured output as far as it has arrived; None before that.

        Cheap to call after every chunk, because text is parsed once. Missing fields have their default or None;
        complete sub-objects are shared between calls.
        """
        shape = self._call.config.structured_output
        if shape is None:
            return None
        if self._partial_reader is None:
            self._partial_reader = PartialOutputReader(shape)
        for text in self._stream.take_texts():
            self._partial_reader.add(text)
        return self._partial_reader.output()

    def _final(self) -> AIModelCallResponse:
        answer = self._stream.partial()
        if not settings.ENABLE_STREAMING_CONSOLIDATION:
            answer = answer.model_copy(update={"choices": []})
        return self._pipeline.report(self._call, answer, self._stream.result())


class SyncStream(ReadBySyncFor, ChatStreamBase):
    """Iterator over one response; closing it or garbage collection closes the connection."""

    @property
    def text_stream(self) -> TextStream:
        """Iterator over the text alone."""
        return TextStream(self, partial(self.__next__, self._chunker.text))

    def __iter__(self) -> Self:
        return self

    def __next__(self, read: Callable[[Batch], Any] | None = None) -> StreamEvent:
        read = read or self._chunker.chunk
        if self._ended:
            raise StopIteration
        try:
            while (batch := self._stream.take() or run(self._stream.pull())) is not None:
                if piece := read(batch):
                    return piece, None
        except CallError as error:
            return to_error_event(error), None
        self._ended = True
        return None, self.response

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; the text received so far is in `partial()`."""
        self._ended = True
        run(self._stream.close())

    def __del__(self) -> None:
        self._stream.abandon()


class AsyncStream(ReadByAsync, ChatStreamBase):
    """Async version of `SyncStream`."""

    @property
    def text_stream(self) -> AsyncTextStream:
        """Iterator over the text alone."""
        return AsyncTextStream(self, partial(self.__anext__, self._chunker.text))

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self, read: Callable[[Batch], Any] | None = None) -> StreamEvent:
        read = read or self._chunker.chunk
        if self._ended:
            raise StopAsyncIteration
        try:
            while (batch := self._stream.take() or await self._stream.pull()) is not None:
                if piece := read(batch):
                    return piece, None
        except CallError as error:
            return to_error_event(error), None
        self._ended = True
        return None, self.response

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connection; the text received so far is in `partial()`."""
        self._ended = True
        await self._stream.close()

    def __del__(self) -> None:
        self._stream.abandon()


T = TypeVar("T")


class RunStreamBase(Generic[T]):
    """Base of the sync and async streams of runs."""

    def __init__(self, loop: RunLoop) -> None:
        self._loop = loop
        self._ended = False

    def partial(self) -> Run[T | None]:
        """Return the state of the run so far, with what has arrived of the answer that is arriving."""
        return self._loop.run(arriving=True)

    @property
    def error(self) -> CallError | None:
        """The error that interrupted the last response, or None."""
        return self._loop.error

    @property
    def run(self) -> Run[T]:
        """The run, once the stream has ended; if it failed or was closed, what had happened.

        Raises:
            ConfigurationError: If the stream has not ended.
        """
        if not (self._ended or self._loop.ended):
            raise ConfigurationError(NOT_ENDED)
        return self._loop.run()

    @property
    def response(self) -> AIModelCallResponse:
        """The last response of the run, once the stream has ended.

        Raises:
            ConfigurationError: If the stream has not ended.
        """
        steps = self.run.steps
        return steps[-1].response if steps else AIModelCallResponse()

    def __del__(self) -> None:
        self._loop.abandon()


class RunStream(ReadBySyncFor, RunStreamBase[T]):
    """Iterator of `(event, None)` that ends with `(None, run)`; closing it stops the run."""

    @property
    def text_stream(self) -> RunTextStream[T]:
        """Iterator over the text of all answers alone."""
        return RunTextStream(self)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> tuple[RunEvent, None] | tuple[None, Run[T]]:
        if self._ended:
            raise StopIteration
        event = run(self._loop.pull())
        if event is not None:
            return event, None
        self._ended = True
        return None, self._loop.run()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop the run; its state is in `partial()`."""
        self._ended = True
        run(self._loop.close())


class AsyncRunStream(ReadByAsync, RunStreamBase[T]):
    """Async version of `RunStream`."""

    @property
    def text_stream(self) -> AsyncRunTextStream[T]:
        """Iterator over the text of all answers alone."""
        return AsyncRunTextStream(self)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> tuple[RunEvent, None] | tuple[None, Run[T]]:
        if self._ended:
            raise StopAsyncIteration
        event = await self._loop.pull()
        if event is not None:
            return event, None
        self._ended = True
        return None, self._loop.run()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Stop the run; its state is in `partial()`."""
        self._ended = True
        await self._loop.close()


if TYPE_CHECKING:

    class EitherStream(SyncStream, AsyncStream):
        """Type of `stream_generator`: iterate with `for` after `generate`, with `async for` after `generate_async`."""

        @property
        def text_stream(self) -> EitherTextStream: ...

    class EitherTextStream(TextStream, AsyncTextStream):
        """Type of `text_stream`: iterate with `for` after `generate`, with `async for` after `generate_async`."""
