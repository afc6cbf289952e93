"""Sources: the bytes of one HTTP answer as deltas, while they arrive or all at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..codecs.base import MALFORMED as MALFORMED, Blob, Decoder
from ..codecs.failure import not_an_answer, request_id
from ..errors import BadAnswerError, BrokenStreamError, CallError, ConnectionFailedError, ResponseTooLargeError
from ..types.delta import SILENT, Delta, Failed, Terminal
from ..wire import json
from ..wire.frame import BrokenFraming, Frame, Frames
from ..wire.http import Head
from ..wire.io import Broken, ClientClosed, Response, Silence, Unreachable
from ..wire.limits import DEFAULT_LIMITS, BoundedFrames, LimitExceeded, ReadLimits

if TYPE_CHECKING:
    from ..types.content import Origin
    from .discretion import Discretion
    from .patience import Patience
    from .stream import Batch


class Line:
    """One response, read with patience; what goes wrong on it is one of our errors."""

    __slots__ = ("_arrived", "_origin", "_patience", "discretion", "head", "limits", "response")

    def __init__(
        self,
        response: Response,
        patience: Patience,
        origin: Origin,
        discretion: Discretion,
        limits: ReadLimits = DEFAULT_LIMITS,
    ) -> None:
        self.limits = limits
        self._arrived = 0
        self.response = response
        self.discretion = discretion
        self.head = discretion.head(response.head)
        self._patience = patience
        self._origin = origin

    async def read(self) -> bytes:
        if self._patience.over():
            raise self.signed(self._patience.error(connecting=False))
        try:
            chunk = await self.response.read()
        except Silence as error:
            raise self.signed(self._patience.error(connecting=False)) from error
        except LimitExceeded as error:
            raise self.signed(too_large(error)) from error
        except ClientClosed as error:
            closed = ConnectionFailedError(f"{error}")
            closed.retriable = False
            raise self.signed(closed) from error
        except (Broken, Unreachable, BrokenFraming) as error:
            raise self.signed(BrokenStreamError(f"the connection broke: {error}")) from error
        self._arrived += len(chunk)
        most = self.limits.body_bytes
        if most is not None and self._arrived > most:
            raise self.signed(too_large(LimitExceeded("the body of the answer", "body_bytes", most)))
        return chunk

    def heard(self) -> None:
        """The answer has begun: from now on only pauses count."""
        self._patience.heard()

    async def drain(self, arrived: bytearray | None = None, most: int | None = None) -> bytes:
        """The whole body, put into `arrived` bit by bit. Nobody has seen it, so a broken line may be tried again.

        Stops after `most` bytes, where that is given.
        """
        body = bytearray() if arrived is None else arrived
        try:
            while chunk := await self.read():
                self.heard()
                body += chunk
                if most is not None and len(body) >= most:
                    del body[most:]
                    break
        except BrokenStreamError as error:
            raise self.signed(ConnectionFailedError(error.message)) from error
        finally:
            await self.response.close()
        return bytes(body)

    def signed(self, error: CallError) -> CallError:
        """The error with the names of those concerned."""
        error.provider, error.model = self._origin.provider, self._origin.model
        error.request_id = error.request_id or request_id(self.head)
        return error


class Live:
    """Deltas as frames arrive; one batch a frame."""

    __slots__ = ("_begun", "_decoder", "_frames", "_line", "_over")

    def __init__(self, line: Line, decoder: Decoder, frames: Frames) -> None:
        self._line = line
        self._decoder = decoder
        self._frames = BoundedFrames(frames, line.limits.event_bytes)
        self._begun = self._over = False

    async def more(self) -> Sequence[Batch] | None:
        if self._over:
            return None
        chunk = await self._line.read()
        if chunk:
            batches = self._batches(self._cut(chunk))
            if not self._begun and any(not isinstance(delta, SILENT) for batch in batches for delta in batch):
                # Comments, pings and the announcement of an answer are no beginning of it.
                self._begun = True
                self._line.heard()
            return batches
        last = self._cut(b"")
        self._over = True
        return [*self._batches(last, cut=True), *self._finished()]

    def held(self) -> Batch:
        """An event whose end never came, if it can be read, and what the decoder kept for the end."""
        if self._over:
            return ()
        self._over = True
        return [delta for delta in self._last_words() if not isinstance(delta, Failed | Terminal)]

    def _last_words(self) -> Iterator[Delta]:
        try:
            for frame in self._frames.finish():
                yield from self._decoder.frame(frame)
        except (*MALFORMED, BrokenFraming):
            pass  # the line broke in the middle of this event; that is what the caller is told
        try:
            yield from self._decoder.finish()
        except MALFORMED:
            pass  # as above

    async def close(self) -> None:
        await self._line.response.close()

    def abandon(self) -> None:
        self._line.response.abandon()

    def _cut(self, chunk: bytes) -> list[Frame]:
        try:
            return self._frames.feed(chunk) if chunk else self._frames.finish()
        except LimitExceeded as error:
            raise self._line.signed(too_large(error)) from error
        except BrokenFraming as error:
            raise self._line.signed(BrokenStreamError(f"the stream is damaged: {error}")) from error

    def _finished(self) -> list[Batch]:
        try:
            return [list(self._decoder.finish())]
        except MALFORMED as error:
            return [[Failed(self._line.signed(unreadable(error)))]]

    def _batches(self, frames: list[Frame], *, cut: bool = False) -> list[Batch]:
        """What was readable before something unreadable is kept.

        With `cut`, these are the last frames, whose ends never came: one that cannot be read was cut off.
        """
        batches: list[Batch] = []
        try:
            for frame in frames:
                batches.append(list(self._decoder.frame(frame)))
        except MALFORMED as error:
            broken = cut and json.is_beginning(frame.data)
            wrong = BrokenStreamError(CUT) if broken else unreadable(error)
            batches.append([Failed(self._line.signed(wrong))])
        return batches


class Whole:
    """The same deltas, all at once, from one body: JSON, unless it is a blob."""

    __slots__ = ("_arrived", "_decoder", "_is_blob", "_line", "_over")

    def __init__(self, line: Line, decoder: Decoder, *, is_blob: bool = False) -> None:
        self._line = line
        self._decoder = decoder
        self._arrived = bytearray()
        self._is_blob = is_blob
        self._over = False

    async def more(self) -> Sequence[Batch] | None:
        if self._over:
            return None
        self._over = True
        body = await self._line.drain(self._arrived)
        self._arrived = bytearray()
        return [list(self._read(body))]

    def held(self) -> Batch:
        """What can be read of a body that broke off."""
        try:
            told = list(self._decoder.whole(json.loads_partial(self._arrived)))
        except MALFORMED:
            return ()
        return [delta for delta in told if not isinstance(delta, Failed | Terminal)]

    async def close(self) -> None:
        await self._line.response.close()

    def abandon(self) -> None:
        self._line.response.abandon()

    def _read(self, body: bytes) -> Iterator[Delta]:
        head = self._line.head
        try:
            value = Blob(body, head) if self._is_blob else json.loads(body)
        except ValueError as error:
            raise self._line.signed(unread(head, body)) from error
        try:
            yield from self._decoder.whole(value)
        except MALFORMED as error:
            raise self._line.signed(unreadable(error)) from error


def unread(head: Head, body: bytes) -> CallError:
    """The error for a body that is no JSON. One whose end only the hang-up tells may have been cut off."""
    ends_by_itself = head.headers.keys() & {"content-length", "transfer-encoding"}
    if body and not ends_by_itself and json.is_beginning(body):
        return ConnectionFailedError("the connection ended in the middle of the answer")
    return not_an_answer(head, body, "JSON")


CUT = "the stream ended in the middle of an event"


def unreadable(error: Exception) -> BadAnswerError:
    return BadAnswerError(f"the answer does not follow the protocol: {type(error).__name__}: {error}")


def too_large(error: LimitExceeded) -> ResponseTooLargeError:
    return ResponseTooLargeError(str(error), limit=error.limit)
