"""Polls background responses until they are complete and resumes interrupted background streams."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...codecs.base import Decoder
from ...codecs.error_mapping import not_an_answer, request_id
from ...codecs.operations.operation import SupportsBackground
from ...errors import BrokenStreamError, CallError, CallTimeoutError, ConnectionFailedError, ServerError
from ...io.protocol import IO
from ...providers.target import ResolvedTarget
from ...response.builder import UNFINISHED
from ...types.chat.delta import Delta, ErrorDelta, StreamEnd
from ...types.config.call import Call
from ...wire import json
from ...wire.sse import Frame, Frames
from ..connect import fetch, open_document
from .response_reader import MALFORMED, ResponseReader, StreamingSource, undecodable_error
from .stream import Batch, DeltaSource


class ResumeTracker:
    """Frames that record the response id and the number of the last event."""

    def __init__(self, frames: Frames) -> None:
        self._frames = frames
        self.answer_id: str | None = None
        self.reached: int | None = None

    def feed(self, chunk: bytes) -> list[Frame]:
        return self._track(self._frames.feed(chunk))

    def finish(self) -> list[Frame]:
        """Drop an incomplete event; it is sent again after resuming."""
        return [frame for frame in self._track(self._frames.finish()) if parse_event(frame)]

    def renew(self, frames: Frames) -> None:
        self._frames = frames

    def _track(self, frames: list[Frame]) -> list[Frame]:
        for frame in frames:
            try:
                event = json.loads(frame.data)
            except ValueError:
                continue
            if isinstance(event, dict):
                self.reached = event.get("sequence_number", self.reached)
                self.answer_id = self.answer_id or (event.get("response") or {}).get("id")
        return frames


def parse_event(frame: Frame) -> bool:
    try:
        json.loads(frame.data)
    except ValueError:
        return False
    return True


FIRST_PAUSE = 0.5
LONGEST_PAUSE = 5.0
MOST_BREAKS = 10
PASSING = (BrokenStreamError, ConnectionFailedError, ServerError)


def with_background(
    io: IO, target: ResolvedTarget, call: Call, source: DeltaSource, reader: ResponseReader
) -> DeltaSource:
    """Return the source, wrapped to poll or resume if the protocol supports background responses."""
    codec = target.codec
    if not isinstance(codec, SupportsBackground):
        return source
    return (
        ResumableSource(io, target, codec, call, reader)
        if isinstance(source, StreamingSource)
        else PollingSource(io, target, codec, call, reader)
    )


class PollingSource:
    """Polls a response that is not complete yet."""

    def __init__(
        self, io: IO, target: ResolvedTarget, codec: SupportsBackground, call: Call, reader: ResponseReader
    ) -> None:
        self._io, self._target, self._codec, self._call, self._reader = io, target, codec, call, reader
        self._over = False

    async def next_batches(self) -> Sequence[Batch] | None:
        if self._over:
            return None
        self._over = True
        body = await self._reader.drain()
        try:
            document = json.loads(body)
        except ValueError as error:
            raise self._reader.with_names(not_an_answer(self._reader.head, body, "JSON")) from error
        decoder = self._target.codec.decoder(self._target.quirks)
        return [list(self._read(decoder, await self._poll(document)))]

    def drain(self) -> Batch:
        return ()

    async def close(self) -> None:
        await self._reader.response.close()

    def abandon(self) -> None:
        self._reader.response.abandon()

    def request_id(self) -> str | None:
        return request_id(self._reader.head)

    async def _poll(self, document: dict[str, object]) -> object:
        pause = FIRST_PAUSE
        while self._codec.is_pending(document):
            answer_id = document.get("id")
            if not isinstance(answer_id, str) or not answer_id:
                raise self._reader.with_names(undecodable_error(ValueError("a pending response has no id")))
            await self._io.sleep(remaining_pause(self._io, self._call, pause))
            pause = min(pause * 1.5, LONGEST_PAUSE)
            try:
                encoded = self._codec.retrieve_request(answer_id, self._target.quirks)
                document = await fetch(self._io, self._target, encoded, self._call)
            except CallError as error:
                raise abandoned_error(error, answer_id) from error
        return document

    def _read(self, decoder: Decoder, document: object) -> Iterator[Delta]:
        try:
            yield from decoder.whole(document)
        except MALFORMED as error:
            raise self._reader.with_names(undecodable_error(error)) from error


class ResumableSource:
    """A stream that is resumed after its last event if the connection breaks."""

    def __init__(
        self, io: IO, target: ResolvedTarget, codec: SupportsBackground, call: Call, reader: ResponseReader
    ) -> None:
        self._io, self._target, self._codec, self._call = io, target, codec, call
        self._frames = ResumeTracker(target.frames())
        self._decoder = target.codec.decoder(target.quirks)
        self._live = StreamingSource(reader, self._decoder, self._frames)
        self._reader = reader
        self._breaks = 0
        self._ended = False

    async def next_batches(self) -> Sequence[Batch] | None:
        while True:
            try:
                batches = await self._live.next_batches()
            except PASSING as error:
                if self._ended:
                    raise
                await self._reconnect(error)
                continue
            if batches is None and not self._ended:
                await self._reconnect(self._reader.with_names(BrokenStreamError(UNFINISHED)))
                continue
            last = (delta for batch in batches or () for delta in batch)
            self._ended = self._ended or any(isinstance(delta, StreamEnd | ErrorDelta) for delta in last)
            return batches

    def drain(self) -> Batch:
        return self._live.drain()

    async def close(self) -> None:
        await self._reader.response.close()

    def abandon(self) -> None:
        self._reader.response.abandon()

    def request_id(self) -> str | None:
        return request_id(self._reader.head)

    async def _reconnect(self, broken: CallError) -> None:
        """Open a new connection to the same response, or raise the original error."""
        answer_id, reached = self._frames.answer_id, self._frames.reached
        await self._reader.response.close()
        while answer_id and reached is not None and self._breaks < MOST_BREAKS:
            self._breaks += 1
            await self._io.sleep(remaining_pause(self._io, self._call, FIRST_PAUSE * self._breaks))
            try:
                encoded = self._codec.retrieve_request(answer_id, self._target.quirks, reached)
                self._reader = await open_document(self._io, self._target, encoded, self._call)
            except CallError as error:
                if isinstance(error, PASSING) or error.retriable:
                    continue
                raise abandoned_error(error, answer_id) from error
            self._frames.renew(self._target.frames())
            self._live = StreamingSource(self._reader, self._decoder, self._frames)
            return
        raise broken


def remaining_pause(io: IO, call: Call, pause: float) -> float:
    """Return the pause, limited to the time left before the deadline."""
    return pause if call.deadline is None else max(0.0, min(pause, call.deadline - io.monotonic()))


def abandoned_error(error: CallError, answer_id: str) -> CallError:
    """Mark the error as not retriable: a new request would be billed again."""
    error.retriable = False
    if isinstance(error, CallTimeoutError):
        error.advice = f"Generation continues: wait for it with retrieve({answer_id!r}), or stop it with cancel(...)."
    return error
