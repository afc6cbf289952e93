"""Listening: one answer of a run while it arrives, as events."""

from __future__ import annotations

from collections.abc import Iterator

from ..answer.chunks import Chunker
from ..errors import CallError
from ..types.call import Call
from ..types.call_response import AIModelCallResponse
from ..types.delta import TextDelta
from ..types.run import OutputGrew
from .broken import told
from .journey import Journey
from .partial_output import Growing
from .plan import RunEvent
from .stream import Batch, Stream


class Listening:
    """Pull it until it gives the response."""

    def __init__(self, journey: Journey, call: Call, stream: Stream) -> None:
        self._journey = journey
        self._call = call
        self.stream = stream
        self._chunker = Chunker(journey.target.origin)
        shape = call.config.structured_output
        self._growing = None if shape is None else Growing(shape)

    async def pull(self) -> list[RunEvent] | AIModelCallResponse:
        """The events of the next piece; the response when there is none left."""
        try:
            batch = await self.stream.pull()
        except CallError as error:
            return [told(error)]
        if batch is None:
            return self.heard()
        return list(self._events(batch))

    def heard(self) -> AIModelCallResponse:
        """As much of the answer as has arrived."""
        return self._journey.report(self._call, self.stream.partial())

    def _events(self, batch: Batch) -> Iterator[RunEvent]:
        if (chunk := self._chunker.chunk(batch)) is not None:
            yield chunk
        texts = [delta.text for delta in batch if isinstance(delta, TextDelta) and not delta.choice]
        if self._growing is None or not texts:
            return
        self._growing.add("".join(texts))
        if self._growing.due() and (output := self._growing.output()) is not None:
            yield OutputGrew(output)
