"""Chat streams: `(chunk, None)` for each chunk, then `(None, final)`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from ..config.settings import settings
from ..errors import CallError
from ..pipeline.pipeline import Pipeline
from ..pipeline.stream import Batch, Stream
from ..pipeline.stream_error import to_error_event
from ..response.chunks import ChunkBuilder
from ..runtime.sync_io import run
from ..types.call import Call
from ..types.call_response import AIModelCallResponse
from ..types.delta import TextDelta
from ..types.response import ChatResponse
from ..types.sse import StreamEvent, StreamingChatResponse

if TYPE_CHECKING:
    from ..pipeline.partial_output import PartialOutputReader


class ChatStreamBase:
    """Base of the sync and async chat streams."""

    def __init__(self, pipeline: Pipeline, call: Call, stream: Stream) -> None:
        self._pipeline = pipeline
        self._call = call
        self._stream = stream
        self._chunker = ChunkBuilder(stream.origin or pipeline.target.origin)
        self._over = False
        self._growing: PartialOutputReader | None = None
        if call.config.structured_output is not None:
            stream.collect_texts()

    def partial(self) -> ChatResponse:
        """Return the response so far, also after the stream was interrupted or closed."""
        return self._stream.partial()

    @property
    def error(self) -> CallError | None:
        """The error that interrupted the stream, or None."""
        return self._stream.error

    def partial_output(self) -> Any:
        """Return the structured output as far as it has arrived; None before that.

        Cheap to call after every chunk, because text is parsed once. Missing fields have their default or None;
        complete
        sub-objects are shared between calls.
        """
        shape = self._call.config.structured_output
        if shape is None:
            return None
        if self._growing is None:
            from ..pipeline.partial_output import PartialOutputReader

            self._growing = PartialOutputReader(shape)
        for text in self._stream.take_texts():
            self._growing.add(text)
        return self._growing.output()

    def _to_chunk(self, batch: Batch) -> StreamingChatResponse | None:
        if len(batch) == 1 and type(batch[0]) is TextDelta:
            return self._chunker.text_chunk(batch[0])
        return self._chunker.chunk(batch)

    def _final(self) -> AIModelCallResponse:
        answer = self._stream.partial()
        if not settings.ENABLE_STREAMING_CONSOLIDATION:
            answer = answer.model_copy(update={"choices": []})
        return self._pipeline.report(self._call, answer, self._stream.result())


class SyncStream(ChatStreamBase):
    """Iterator over one response; closing it or garbage collection closes the connection."""

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> StreamEvent:
        if self._over:
            raise StopIteration
        try:
            while (batch := run(self._stream.pull())) is not None:
                chunk = self._to_chunk(batch)
                if chunk is not None:
                    return chunk, None
        except CallError as error:
            return to_error_event(error), None
        self._over = True
        return None, self._final()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; the text received so far is in `partial()`."""
        self._over = True
        run(self._stream.close())

    def __del__(self) -> None:
        self._stream.abandon()


class AsyncStream(ChatStreamBase):
    """Async version of `SyncStream`."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> StreamEvent:
        if self._over:
            raise StopAsyncIteration
        try:
            while (batch := await self._stream.pull()) is not None:
                chunk = self._to_chunk(batch)
                if chunk is not None:
                    return chunk, None
        except CallError as error:
            return to_error_event(error), None
        self._over = True
        return None, self._final()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connection; the text received so far is in `partial()`."""
        self._over = True
        await self._stream.close()

    def __del__(self) -> None:
        self._stream.abandon()
