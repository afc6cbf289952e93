"""Reads an HTTP response as deltas, streaming or at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...codecs.base import MALFORMED as MALFORMED, BinaryBody, Decoder
from ...codecs.error_mapping import not_an_answer, request_id
from ...errors import BadAnswerError, BrokenStreamError, CallError, ConnectionFailedError, ResponseTooLargeError
from ...http.protocol.message import ClientClosed, ConnectFailed, ConnectionBroken, Head, ReadTimeout, Response
from ...providers.secret_values import Redactor
from ...types.chat.delta import Delta, ErrorDelta, ResponseStart, StreamEnd, has_content
from ...types.content.parts import Origin
from ...wire import json
from ...wire.limits import DEFAULT_LIMITS, BoundedFrames, LimitExceeded, ReadLimits
from ...wire.sse import BrokenFraming, ForeignFraming, Frame, Frames
from ..timeouts import TimeoutPolicy
from .stream import Batch


class ResponseReader:
    """Reads one response with timeouts and limits; failures are raised as errors of this library."""

    __slots__ = ("_arrived", "_origin", "_timeouts", "head", "limits", "redactor", "response")

    def __init__(
        self,
        response: Response,
        timeouts: TimeoutPolicy,
        origin: Origin,
        redactor: Redactor,
        limits: ReadLimits = DEFAULT_LIMITS,
    ) -> None:
        self.limits = limits
        self._arrived = 0
        self.response = response
        self.redactor = redactor
        self.head = redactor.redact_head(response.head)
        self._timeouts = timeouts
        self._origin = origin

    async def read(self) -> bytes:
        if self._arrived and self._timeouts.over():  # the first read follows the head
            raise self.with_names(self._timeouts.error(connecting=False))
        try:
            chunk = await self.response.read()
        except ReadTimeout as error:
            raise self.with_names(self._timeouts.error(connecting=False)) from error
        except LimitExceeded as error:
            raise self.with_names(too_large(error)) from error
        except ClientClosed as error:
            closed = ConnectionFailedError(f"{error}")
            closed.retriable = False
            raise self.with_names(closed) from error
        except (ConnectionBroken, ConnectFailed, BrokenFraming) as error:
            raise self.with_names(BrokenStreamError(f"the connection broke: {error}")) from error
        self._arrived += len(chunk)
        most = self.limits.body_bytes
        if most is not None and self._arrived > most:
            raise self.with_names(too_large(LimitExceeded("the body of the answer", "body_bytes", most)))
        return chunk

    def mark_started(self) -> None:
        """Mark the response as started: from now on only the idle timeout applies."""
        self._timeouts.mark_started()

    def mark_complete(self) -> None:
        """Mark the response as complete: from now on there is only a short wait for the end of the body."""
        self._timeouts.mark_complete()

    async def drain(self, arrived: bytearray | None = None, most: int | None = None) -> bytes:
        """Read the whole body into `arrived`, at most `most` bytes.

        The caller has not seen any of it, so an interrupted read raises a retriable error.
        """
        body = bytearray() if arrived is None else arrived
        try:
            while chunk := await self.read():
                self._timeouts.mark_started()
                body += chunk
                if most is not None and len(body) >= most:
                    del body[most:]
                    break
                if getattr(self.response, "is_read", False):
                    break
        except BrokenStreamError as error:
            raise self.with_names(ConnectionFailedError(error.message)) from error
        finally:
            await self.response.close()
        return bytes(body)

    def with_names(self, error: CallError) -> CallError:
        """Add provider, model and request id to the error."""
        error.provider, error.model = self._origin.provider, self._origin.model
        error.request_id = error.request_id or request_id(self.head)
        return error


SEQUENCES = (tuple, list)


class StreamingSource:
    """Decodes frames while they arrive; one batch per frame.

    Up to the first content, no more is decoded than has to be: whoever waits for the first text does not wait for the
    events that arrived with it.
    """

    __slots__ = ("_begun", "_decoded", "_decoder", "_frames", "_over", "_reader")

    def __init__(self, reader: ResponseReader, decoder: Decoder, frames: Frames) -> None:
        self._reader = reader
        self._decoder = decoder
        self._frames = BoundedFrames(frames, reader.limits.event_bytes)
        self._decoded: Iterator[Batch] = iter(())
        """Decodes what is left of the last read."""
        self._begun = self._over = False

    async def next_batches(self) -> Sequence[Batch] | None:
        if self._over:
            return None
        if batches := list(self._decoded):
            return batches
        chunk = await self._reader.read()
        if not chunk:
            last = self._split_frames(b"")
            self._over = True
            return [*self._batches(last, cut=True), *self._finished()]
        self._decoded = self._batches(self._split_frames(chunk))
        return list(self._decoded) if self._begun else self._first_batches()

    def _first_batches(self) -> list[Batch]:
        """Decode up to the first content; comments, pings and the start event are none."""
        batches: list[Batch] = []
        for batch in self._decoded:
            batches.append(batch)
            if has_content((batch,)):
                self._begun = True
                self._reader.mark_started()
                break
        return batches

    def drain(self) -> Batch:
        """Return what was not decoded yet, deltas of a last, unterminated event if readable, and what the decoder
        still holds.
        """
        if self._over:
            return ()
        self._over = True
        complete = [delta for batch in self._decoded for delta in batch]
        rest = [delta for delta in self._final_deltas() if not isinstance(delta, ErrorDelta | StreamEnd)]
        return complete + rest

    def _final_deltas(self) -> Iterator[Delta]:
        try:
            for frame in self._frames.finish():
                yield from self._decoder.frame(frame)
        except (*MALFORMED, BrokenFraming):
            pass  # the connection broke inside this event, which is reported anyway
        try:
            yield from self._decoder.finish()
        except MALFORMED:
            pass  # as above

    async def close(self) -> None:
        await self._reader.response.close()

    def abandon(self) -> None:
        self._reader.response.abandon()

    def request_id(self) -> str | None:
        return request_id(self._reader.head)

    def _split_frames(self, chunk: bytes) -> list[Frame]:
        try:
            return self._frames.feed(chunk) if chunk else self._frames.finish()
        except LimitExceeded as error:
            raise self._reader.with_names(too_large(error)) from error
        except ForeignFraming as error:
            raise self._reader.with_names(undecodable_error(error)) from error
        except BrokenFraming as error:
            raise self._reader.with_names(BrokenStreamError(f"the stream is damaged: {error}")) from error

    def _finished(self) -> list[Batch]:
        try:
            return [list(self._decoder.finish())]
        except MALFORMED as error:
            return [[ErrorDelta(self._reader.with_names(undecodable_error(error)))]]

    def _batches(self, frames: list[Frame], *, cut: bool = False) -> Iterator[Batch]:
        """Decode frames; deltas before an unreadable frame are kept.

        With `cut`, these are the unterminated last frames: one that cannot be read was truncated.
        """
        decode = self._decoder.frame
        batch: Batch = ()
        for frame in frames:
            try:
                deltas = decode(frame)
                batch = deltas if deltas.__class__ in SEQUENCES else list(deltas)  # pyright: ignore[reportAssignmentType]
            except MALFORMED as error:
                broken = cut and json.is_beginning(frame.data)
                wrong = BrokenStreamError(CUT) if broken else undecodable_error(error)
                yield [ErrorDelta(self._reader.with_names(wrong))]
                return
            yield batch
        if batch and batch[-1].__class__ is StreamEnd:
            self._reader.mark_complete()


class BufferedSource:
    """Decodes a complete body, JSON or binary."""

    __slots__ = ("_arrived", "_decoder", "_is_blob", "_keeps_body", "_over", "_reader")

    def __init__(
        self, reader: ResponseReader, decoder: Decoder, *, is_blob: bool = False, keeps_body: bool = False
    ) -> None:
        self._reader = reader
        self._decoder = decoder
        self._arrived = bytearray()
        self._is_blob = is_blob
        self._keeps_body = keeps_body
        self._over = False

    async def next_batches(self) -> Sequence[Batch] | None:
        if self._over:
            return None
        self._over = True
        body = await self._reader.drain(self._arrived)
        self._arrived = bytearray()
        return [self._read(body)]

    def drain(self) -> Batch:
        """Return what can be decoded of a truncated body."""
        try:
            data = list(self._decoder.whole(json.loads_partial(self._arrived)))
        except MALFORMED:
            return ()
        return [delta for delta in data if not isinstance(delta, ErrorDelta | StreamEnd)]

    async def close(self) -> None:
        await self._reader.response.close()

    def abandon(self) -> None:
        self._reader.response.abandon()

    def request_id(self) -> str | None:
        return request_id(self._reader.head)

    def _read(self, body: bytes) -> list[Delta]:
        head = self._reader.head
        try:
            value = BinaryBody(body, head) if self._is_blob else json.loads(body)
        except ValueError as error:
            raise self._reader.with_names(unread(head, body)) from error
        keeps_body = self._keeps_body and not self._is_blob
        deltas: list[Delta] = [ResponseStart(extras={"provider_response": value})] if keeps_body else []
        try:
            deltas += self._decoder.whole(value)
        except MALFORMED as error:
            raise self._reader.with_names(undecodable_error(error)) from error
        return deltas


def unread(head: Head, body: bytes) -> CallError:
    """The error for a body that is no JSON. One that begins like JSON was cut off."""
    if body.strip() and json.is_beginning(body):
        return ConnectionFailedError("the connection closed in the middle of the response")
    return not_an_answer(head, body, "JSON")


CUT = "the stream ended in the middle of an event"


def undecodable_error(error: Exception) -> BadAnswerError:
    return BadAnswerError(f"the response does not follow the protocol: {type(error).__name__}: {error}")


def too_large(error: LimitExceeded) -> ResponseTooLargeError:
    return ResponseTooLargeError(str(error), limit=error.limit)
