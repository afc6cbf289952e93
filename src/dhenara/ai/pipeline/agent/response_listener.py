"""Turns the stream of one response into run events."""

from __future__ import annotations

from collections.abc import Iterator

from ...errors import CallError
from ...response.deltas import ChunkBuilder
from ...types.chat.delta import TextDelta
from ...types.chat.response import AIModelCallResponse
from ...types.chat.run import OutputGrew
from ...types.config.call import Call
from ..pipeline import Pipeline
from ..streaming.error_event import to_error_event
from ..streaming.partial_output import PartialOutputReader
from ..streaming.stream import Batch, Stream
from .run_state import RunEvent


class ResponseListener:
    """Yields run events for one response; `pull` returns the response at the end."""

    def __init__(self, pipeline: Pipeline, call: Call, stream: Stream) -> None:
        self._pipeline = pipeline
        self._call = call
        self.stream = stream
        self._chunker = ChunkBuilder(pipeline.target.origin)
        shape = call.config.structured_output
        self._growing = None if shape is None else PartialOutputReader(shape)

    async def pull(self) -> list[RunEvent] | AIModelCallResponse:
        """Return the next events; the response when there are none left."""
        try:
            batch = await self.stream.pull()
        except CallError as error:
            return [to_error_event(error)]
        if batch is None:
            return self.partial_response()
        return list(self._events(batch))

    def partial_response(self) -> AIModelCallResponse:
        """Return the response received so far."""
        return self._pipeline.report(self._call, self.stream.partial())

    def _events(self, batch: Batch) -> Iterator[RunEvent]:
        if (chunk := self._chunker.chunk(batch)) is not None:
            yield chunk
        texts = [delta.text for delta in batch if isinstance(delta, TextDelta) and not delta.choice]
        if self._growing is None or not texts:
            return
        self._growing.add("".join(texts))
        if self._growing.has_new_value() and (output := self._growing.output()) is not None:
            yield OutputGrew(output)
