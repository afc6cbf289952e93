"""A response stream. Every call returns one; a non-streaming response is a stream with all deltas at once."""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable, Coroutine, Sequence
from functools import cache
from itertools import chain
from typing import Any, Protocol
from weakref import ref

from ...errors import BrokenStreamError, CallError
from ...providers.secret_values import Redactor
from ...response.builder import UNFINISHED, ResponseBuilder
from ...types.chat.delta import Delta, ErrorDelta, FinishDelta, ResponseStart, has_content
from ...types.chat.report import Result
from ...types.chat.response import ChatResponse
from ...types.content.media import Origin

Batch = Sequence[Delta]
CHECKED = frozenset({ResponseStart, FinishDelta, ErrorDelta})
"""Deltas that are masked, or that end the stream."""
Hook = Callable[["Stream"], Coroutine[Any, Any, None]]


class DeltaSource(Protocol):
    """Source of deltas, in batches of one event each."""

    async def next_batches(self) -> Sequence[Batch] | None:
        """Return the next events, or None at the end; raise `CallError` if the connection breaks."""

    def drain(self) -> Batch:
        """After a break, or after it was closed, return deltas that arrived but were not returned."""
        ...

    async def close(self) -> None: ...

    def abandon(self) -> None: ...

    def request_id(self) -> str | None: ...


class Stream:
    """Pull it to the end or close it; `partial()` always holds what was received."""

    def __init__(
        self,
        source: DeltaSource,
        builder: ResponseBuilder,
        before: Batch = (),
        redactor: Redactor | None = None,
        overdue: Callable[[], CallError | None] | None = None,
    ) -> None:
        self._source = source
        self._arrived: list[Batch] = [before] if before else []
        """The events of the last read."""
        self._at = self._added = 0
        """How many of them were pulled, and how many of those are in the builder, which gets them in one go."""
        self._rest: Batch = ()
        """What the source still had when it was stopped."""
        self._unread = False
        """Whether the source was stopped, and what it still had is decoded only if somebody looks at the response."""
        self._builder = builder
        self._redactor = redactor
        self._overdue = overdue
        """Returns an error once the total timeout of the call has expired."""
        self._hooks: list[Hook] = []
        self._error: CallError | None = None
        self._data = False
        self._over = False

    def on_end(self, hook: Hook) -> None:
        """Run `hook` once when the stream ends, for whatever reason, at the latest at exit of the process.

        Args:
            hook: Async function that gets this stream; `partial()` has the response, `error` the failure.
        """
        if not self._hooks:
            abandon_at_exit()
            OPEN_STREAMS.add(ref(self, OPEN_STREAMS.discard))
        self._hooks.append(hook)

    @property
    def error(self) -> CallError | None:
        """The error that interrupted the stream, or None."""
        if self._unread:
            self._received()
        return self._error

    @property
    def origin(self) -> Origin | None:
        """Provider and model of the response."""
        return self._builder.origin

    @property
    def complete(self) -> bool:
        """Whether the end of the response has been received."""
        return (self._received() if self._unread or self._added < self._at else self._builder).complete

    def take(self) -> Batch | None:
        """Return the deltas of an event that has arrived; None if only `pull` can tell what is next."""
        try:
            batch = self._arrived[self._at]
        except IndexError:
            return None
        if self._overdue is not None and self._overdue() is not None:
            return None
        self._at += 1
        return batch

    async def pull(self) -> Batch | None:
        """Return the deltas of the next event, or None at the end; `partial()` already includes them.

        After the total timeout, also of a slow reader, everything received goes into `partial()` and the stream ends.
        """
        if self._overdue is not None:
            if self._at == len(self._arrived) and not self._over:
                await self._fill()
            if self._at < len(self._arrived) and self._error is None and (late := self._overdue()) is not None:
                await self._cut(late)
        return await self._next()

    async def _next(self) -> Batch | None:
        if not self._over and (not self._arrived or self._at == len(self._arrived)):
            await self._fill()
        if self._arrived and self._at < len(self._arrived):
            self._at += 1
            return self._arrived[self._at - 1]
        if self._rest:
            self._arrived.append(self._rest)
            self._rest = ()
            return await self._next()
        await self._settle()
        if self._error is not None and not self._data:
            self._data = True
            raise self._with_partial(self._error)
        return None

    async def prime(self) -> None:
        """Wait for the first content, so that a failure before it is raised here and can be retried.

        Raises:
            ProviderError: The failure; `partial` has the response so far, without content.
        """
        begun = False
        while not begun and not self._over:
            before = len(self._arrived)
            await self._fill()
            begun = has_content(self._arrived[before:])
        if not begun and self._error is not None:
            if isinstance(self._error, BrokenStreamError):
                self._error.retriable = True  # the caller has received nothing yet
            self._absorb()
            raise self._with_partial(self._error)

    async def response(self) -> ChatResponse:
        """Return the complete response; raise the error that interrupted it."""
        self._absorb()  # nobody pulls single events, so each read is added in one step
        while await self._next() is not None:
            self._absorb()
        return self._received().response()

    def partial(self) -> ChatResponse:
        """Return the response so far, marked interrupted unless complete; after `close` with everything received."""
        return (self._received() if self._unread or self._added < self._at else self._builder).response()

    def collect_texts(self) -> None:
        """Collect text pieces of the first choice for `take_texts`."""
        self._received().texts = []

    def take_texts(self) -> list[str]:
        """Return the text pieces received since the last call."""
        builder = self._received()
        texts, builder.texts = builder.texts or [], []
        return texts

    def result(self, **facts: Any) -> Result | None:
        """Return the result of an operation other than chat; None for chat and while it is incomplete.

        Args:
            **facts: Fields of the result that its last part does not contain, by name.
        """
        return self._received().result(**facts)

    async def close(self) -> None:
        """Close the connection now; whether the provider then stops generating is up to it."""
        self._stop_reading()
        await self._end()
        await self._settle()

    def abandon(self) -> None:
        """Close the connection without awaiting; hooks run up to their first await."""
        self._stop_reading()
        if not self._over:
            self._over = True
            self._source.abandon()
        while self._hooks:
            step = self._hooks.pop(0)(self)
            try:
                step.send(None)
            except StopIteration:
                continue
            step.close()

    def _stop_reading(self) -> None:
        """Stop reading and keep what was received."""
        self._unread = self._unread or not self._over
        self._absorb()

    def _absorb(self) -> None:
        """Add everything received but not pulled to the response."""
        if self._rest:
            self._arrived.append(self._rest)
            self._rest = ()
        self._at = len(self._arrived)

    def _received(self) -> ResponseBuilder:
        """Return the builder with everything that was pulled; after the end of reading, everything that arrived."""
        if self._unread:
            self._unread = False
            rest = self._source.drain()
            failed = self._receive(rest) if rest else None
            self._at = len(self._arrived)
            if failed is not None and self._error is None:
                self._fail(failed)
        if self._added < self._at:
            self._builder.add_all(chain.from_iterable(self._arrived[self._added : self._at]))
            self._added = self._at
            if self._at == len(self._arrived):
                self._arrived.clear()
                self._at = self._added = 0
        return self._builder

    def _with_partial(self, error: CallError) -> CallError:
        """Return the error with the response received so far in `partial`."""
        builder = self._received()
        if builder.has_started:
            error.partial = builder.response()
        return error

    async def _fill(self) -> None:
        """Read at least one more batch, unless the stream has ended."""
        if self._at:
            self._received()
        batches: Sequence[Batch] | None = ()
        while not batches and not self._over:
            try:
                batches = await self._source.next_batches()
            except CallError as error:
                # After the end marker nothing more is needed of the connection.
                await (self._end() if self._builder.complete else self._break(error))
                return
            except BaseException:
                self._stop_reading()
                await self._end()
                await self._settle()
                raise
            if batches is None:
                await self._finish()
                return
            for batch in batches:
                for delta in batch:
                    if delta.__class__ in CHECKED:
                        failed = self._receive(batch)
                        if failed is not None and self._error is None:  # the first error counts
                            await self._break(failed)
                        break
                else:
                    self._arrived.append(batch)

    def _receive(self, batch: Batch) -> Exception | None:
        """Store the deltas of an event; return the error that it contains."""
        if self._redactor is not None:
            batch = self._redactor.redact_batch(batch)
        for failed in batch:
            if type(failed) is ErrorDelta:
                break
        else:
            self._arrived.append(batch)
            return None
        rest = [delta for delta in batch if not isinstance(delta, ErrorDelta)]
        if rest:
            self._arrived.append(rest)
        return failed.error

    async def _finish(self) -> None:
        """Handle the end of the bytes: without the protocol's end marker the stream is interrupted."""
        if self._builder.complete:  # everything that had arrived was pulled
            await self._end()
        else:
            await self._break(BrokenStreamError(UNFINISHED))

    async def _break(self, error: Exception) -> None:
        self._fail(error)
        rest = self._source.drain() if self._redactor is None else self._redactor.redact_batch(self._source.drain())
        self._rest = [delta for delta in rest if not isinstance(delta, ErrorDelta)]
        await self._end()

    def _fail(self, error: Exception) -> None:
        if not isinstance(error, CallError):
            error = BrokenStreamError(str(error))
        if (origin := self._builder.origin) is not None and error.provider is None:
            error.provider, error.model = origin.provider, origin.model
        error.request_id = error.request_id or self._source.request_id()
        self._error = error if self._redactor is None else self._redactor.redact_error(error)
        self._builder.fail(self._error)

    async def _cut(self, error: CallError) -> None:
        """End the stream although more of it is waiting to be pulled."""
        self._stop_reading()
        self._fail(error)
        await self._end()

    async def _end(self) -> None:
        if self._over:
            return
        self._over = True
        await self._source.close()

    async def _settle(self) -> None:
        """Run each end hook once; also those of outer layers, added after an inner one has read the stream."""
        failed: BaseException | None = None
        while self._hooks:
            try:
                await self._hooks.pop(0)(self)
            except BaseException as error:  # noqa: BLE001  # a failing hook must not prevent the others
                failed = failed or error
        if failed is not None:
            raise failed


OPEN_STREAMS: set[ref[Stream]] = set()
"""Streams with hooks that this process reads."""

if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=OPEN_STREAMS.clear)  # they belong to the parent process


@cache
def abandon_at_exit() -> None:
    """Register `abandon_open_streams`, after the exit functions of the layers that are imported by then."""
    atexit.register(abandon_open_streams)


def abandon_open_streams() -> None:
    """Abandon the streams that this process still holds, while their hooks can run."""
    for reference in tuple(OPEN_STREAMS):
        if (stream := reference()) is not None:
            stream.abandon()
