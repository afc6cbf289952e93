"""An answer on its way. Every call returns one; a whole answer is a stream that arrives at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import BrokenStreamError, CallError
from ..response.builder import UNFINISHED, ResponseBuilder
from ..types.delta import SILENT, Delta, ErrorDelta, StreamEnd
from ..types.part import Origin
from ..types.response import ChatResponse

if TYPE_CHECKING:
    from ..types.result import Result

Batch = Sequence[Delta]
Hook = Callable[["Stream"], Coroutine[Any, Any, None]]
Discreet = Callable[[CallError], CallError]
"""What keeps the secrets of a request out of an error."""


class DeltaSource(Protocol):
    """Where deltas come from, in batches of one event each."""

    async def next_batches(self) -> Sequence[Batch] | None:
        """The next events, or None at the end. Raises a CallError when the line breaks."""

    def drain(self) -> Batch:
        """After a break: what had arrived and was not handed out."""

    async def close(self) -> None: ...

    def abandon(self) -> None: ...


class Stream:
    """Pull it to the end, or close it. What has arrived is always in `partial()`."""

    def __init__(
        self,
        source: DeltaSource,
        builder: ResponseBuilder,
        before: Batch = (),
        discreet: Discreet | None = None,
        overdue: Callable[[], CallError | None] | None = None,
    ) -> None:
        self._source = source
        self._ready: deque[Batch] = deque([before] if before else ())
        self._rest: Batch = ()
        self._builder = builder
        self._discreet = discreet
        self._overdue = overdue
        """Gives the error of a call whose total time is over."""
        self._hooks: list[Hook] = []
        self._error: CallError | None = None
        self._data = False
        self._over = False
        self._settled = False

    def on_end(self, hook: Hook) -> None:
        """Runs `hook` once when the answer is over, however it ended."""
        self._hooks.append(hook)

    @property
    def error(self) -> CallError | None:
        """What broke the answer off, if anything did."""
        return self._error

    @property
    def origin(self) -> Origin | None:
        """Who answers."""
        return self._builder.origin

    @property
    def complete(self) -> bool:
        return self._builder.complete

    async def pull(self) -> Batch | None:
        """The next event's deltas, or None at the end. Folded into `partial()` before you see them.

        The total limit holds for slow readers too: when it has passed, what has arrived goes into `partial()` at once
        and the rest is not waited for.
        """
        if self._overdue is not None and self._ready and self._error is None:
            late = self._overdue()
            if late is not None:
                await self._cut(late)
        return await self._next()

    async def _next(self) -> Batch | None:
        if not self._ready and not self._over:
            await self._fill()
        if self._ready:
            batch = self._ready.popleft()
            add = self._builder.add
            for delta in batch:
                add(delta)
            return batch
        if self._rest:
            self._ready.append(self._rest)
            self._rest = ()
            return await self._next()
        await self._settle()
        if self._error is not None and not self._data:
            self._data = True
            raise self._with_partial(self._error)
        return None

    async def prime(self) -> None:
        """Waits for the first words, so that a failure before them can still be retried: then it raises."""
        while not self._over and all(isinstance(delta, SILENT) for batch in self._ready for delta in batch):
            await self._fill()
        spoken = [delta for batch in self._ready for delta in batch if not isinstance(delta, SILENT)]
        if not spoken and self._error is not None:
            if isinstance(self._error, BrokenStreamError):
                self._error.retriable = True  # nobody has seen a word of it
            self._absorb()
            raise self._with_partial(self._error)

    async def response(self) -> ChatResponse:
        """The whole answer. Raises what broke it off: nobody has seen a part of it."""
        while await self._next() is not None:
            pass
        return self._builder.response()

    def partial(self) -> ChatResponse:
        """What has been pulled so far, and once closed all that arrived; marked interrupted unless it is complete."""
        return self._builder.response()

    def collect_texts(self) -> None:
        """From here on, `take_texts` gives the pieces of text of the first choice."""
        self._builder.texts = []

    def take_texts(self) -> list[str]:
        """The pieces that arrived since they were taken last."""
        texts, self._builder.texts = self._builder.texts or [], []
        return texts

    def result(self, **facts: Any) -> Result | None:
        """What an operation beside chat came to; None while it is not here, and for chat."""
        return self._builder.result(**facts)

    async def close(self) -> None:
        """Ends the exchange now; the provider stops generating, and the bill stops growing."""
        self._stop_reading()
        await self._end()
        await self._settle()

    def abandon(self) -> None:
        """The same for someone who cannot await. A hook that would have to wait is not heard to its end."""
        self._stop_reading()
        if not self._over:
            self._over = True
            self._source.abandon()
        if not self._settled:
            self._settled = True
            for hook in self._hooks:
                step = hook(self)
                try:
                    step.send(None)
                except StopIteration:
                    continue
                step.close()

    def _stop_reading(self) -> None:
        """Nothing more will be pulled."""
        if not self._over:
            self._rest = self._source.drain()
        self._absorb()

    def _absorb(self) -> None:
        """What arrived and will not be pulled any more belongs to the answer all the same."""
        for batch in (*self._ready, self._rest):
            for delta in batch:
                self._builder.add(delta)
        self._ready.clear()
        self._rest = ()

    def _with_partial(self, error: CallError) -> CallError:
        """The error, holding what there is of the answer."""
        if self._builder.has_started:
            error.partial = self._builder.response()
        return error

    async def _fill(self) -> None:
        """At least one more batch, unless the answer is over."""
        arrived = len(self._ready)
        while len(self._ready) == arrived and not self._over:
            try:
                batches = await self._source.next_batches()
            except CallError as error:
                await self._break(error)
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
                await self._receive(batch)

    async def _receive(self, batch: Batch) -> None:
        for failed in batch:
            if isinstance(failed, ErrorDelta):
                break
        else:
            self._ready.append(batch)
            return
        rest = [delta for delta in batch if not isinstance(delta, ErrorDelta)]
        if rest:
            self._ready.append(rest)
        await self._break(failed.error)

    async def _finish(self) -> None:
        """The bytes are over. Whether the answer is, only the protocol's own last word can say."""
        pending = any(isinstance(delta, StreamEnd) for batch in self._ready for delta in batch)
        if pending or self._builder.complete:
            await self._end()
        else:
            await self._break(unfinished_error(self._builder.origin))

    async def _break(self, error: Exception) -> None:
        if not isinstance(error, CallError):
            error = BrokenStreamError(str(error))
        if self._discreet is not None:
            error = self._discreet(error)
        self._error = error
        self._builder.fail(error)
        self._rest = self._source.drain()
        await self._end()

    async def _cut(self, error: CallError) -> None:
        """Ends the answer although more of it is waiting to be pulled."""
        self._stop_reading()
        self._error = error if self._discreet is None else self._discreet(error)
        self._builder.fail(self._error)
        await self._end()

    async def _end(self) -> None:
        if self._over:
            return
        self._over = True
        await self._source.close()

    async def _settle(self) -> None:
        """Tells everybody who asked that this is the end."""
        if self._settled:
            return
        self._settled = True
        failed: BaseException | None = None
        for hook in self._hooks:
            try:
                await hook(self)
            except BaseException as error:  # noqa: BLE001  # one that fails does not keep the others from hearing it
                failed = failed or error
        if failed is not None:
            raise failed


def unfinished_error(origin: Origin | None) -> BrokenStreamError:
    """The bytes ended, the answer did not."""
    if origin is None:
        return BrokenStreamError(UNFINISHED)
    return BrokenStreamError(UNFINISHED, provider=origin.provider, model=origin.model)
