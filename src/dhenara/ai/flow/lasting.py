"""Answers that outlive their line: asked for again until they are done, and streams taken up where they broke."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..codecs.base import Decoder
from ..codecs.failure import not_an_answer
from ..codecs.lasting import Lasting
from ..errors import BrokenStreamError, CallError, CallTimeoutError, ConnectionFailedError, ServerError
from ..providers.target import Target
from ..types.call import Call
from ..types.delta import Delta, Failed, Terminal
from ..wire import json
from ..wire.io import IO
from .fetch import fetch, opened
from .sources import MALFORMED, Line, Live, unreadable
from .stream import Batch, Source, unfinished
from .watched import Watched

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 5.0
MOST_BREAKS = 10
PASSING = (BrokenStreamError, ConnectionFailedError, ServerError)


def lasting(io: IO, target: Target, call: Call, told: Source, line: Line) -> Source:
    """The source as it is, or one that goes on where it would end."""
    codec = target.codec
    if not isinstance(codec, Lasting):
        return told
    return Resumed(io, target, codec, call, line) if isinstance(told, Live) else Polled(io, target, codec, call, line)


class Polled:
    """A whole answer that is not there yet: asked for until it is."""

    def __init__(self, io: IO, target: Target, codec: Lasting, call: Call, line: Line) -> None:
        self._io, self._target, self._codec, self._call, self._line = io, target, codec, call, line
        self._over = False

    async def more(self) -> Sequence[Batch] | None:
        if self._over:
            return None
        self._over = True
        body = await self._line.drain()
        try:
            document = json.loads(body)
        except ValueError as error:
            raise self._line.signed(not_an_answer(self._line.head, body, "JSON")) from error
        decoder = self._target.codec.decoder(self._target.quirks)
        return [list(self._read(decoder, await self._awaited(document)))]

    def held(self) -> Batch:
        return ()

    async def close(self) -> None:
        await self._line.response.close()

    def abandon(self) -> None:
        self._line.response.abandon()

    async def _awaited(self, document: dict[str, object]) -> object:
        pause = FIRST_PAUSE
        while self._codec.pending(document):
            answer_id = document.get("id")
            if not isinstance(answer_id, str) or not answer_id:
                raise self._line.signed(unreadable(ValueError("an answer that is under way has no id")))
            await self._io.sleep(within(self._io, self._call, pause))
            pause = min(pause * 1.5, LONGEST_PAUSE)
            try:
                outgoing = self._codec.again(answer_id, self._target.quirks)
                document = await fetch(self._io, self._target, outgoing, self._call)
            except CallError as error:
                raise left_behind(error, answer_id) from error
        return document

    def _read(self, decoder: Decoder, document: object) -> Iterator[Delta]:
        try:
            yield from decoder.whole(document)
        except MALFORMED as error:
            raise self._line.signed(unreadable(error)) from error


class Resumed:
    """A stream that is taken up after its last event when its line breaks."""

    def __init__(self, io: IO, target: Target, codec: Lasting, call: Call, line: Line) -> None:
        self._io, self._target, self._codec, self._call = io, target, codec, call
        self._frames = Watched(target.frames())
        self._decoder = target.codec.decoder(target.quirks)
        self._live = Live(line, self._decoder, self._frames)
        self._line = line
        self._breaks = 0
        self._ended = False

    async def more(self) -> Sequence[Batch] | None:
        while True:
            try:
                batches = await self._live.more()
            except PASSING as error:
                await self._again(error)
                continue
            if batches is None and not self._ended:
                await self._again(unfinished(self._target.origin))
                continue
            last = (delta for batch in batches or () for delta in batch)
            self._ended = self._ended or any(isinstance(delta, Terminal | Failed) for delta in last)
            return batches

    def held(self) -> Batch:
        return self._live.held()

    async def close(self) -> None:
        await self._line.response.close()

    def abandon(self) -> None:
        self._line.response.abandon()

    async def _again(self, broken: CallError) -> None:
        """A new line to the same answer, where there is one to be had."""
        answer_id, reached = self._frames.answer_id, self._frames.reached
        await self._line.response.close()
        while answer_id and reached is not None and self._breaks < MOST_BREAKS:
            self._breaks += 1
            await self._io.sleep(within(self._io, self._call, FIRST_PAUSE * self._breaks))
            try:
                outgoing = self._codec.again(answer_id, self._target.quirks, reached)
                self._line = await opened(self._io, self._target, outgoing, self._call)
            except PASSING:
                continue
            except CallError as error:
                raise left_behind(error, answer_id) from error
            self._frames.renew(self._target.frames())
            self._live = Live(self._line, self._decoder, self._frames)
            return
        raise broken


def within(io: IO, call: Call, pause: float) -> float:
    """The pause, or what is left of the time for the whole call."""
    return pause if call.deadline is None else max(0.0, min(pause, call.deadline - io.now()))


def left_behind(error: CallError, answer_id: str) -> CallError:
    """The error of somebody who stops waiting. To try again from the start would be to pay twice."""
    error.retriable = False
    if isinstance(error, CallTimeoutError):
        error.advice = f"The answer goes on being made: retrieve({answer_id!r}) waits for it, cancel(...) stops it."
    return error
