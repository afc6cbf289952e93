"""Streams of text: those of the engine, and those that a custom provider yields as pieces."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import nullcontext
from typing import TYPE_CHECKING, Self

from dhenara.ai.lazy_package import HintedNames
from dhenara.ai.types import ChatResponse

from .exceptions import ProviderConfigurationError, SyncAsyncMismatchError
from .execution import AnyAsyncCall, AnyCall, Around
from .results import AskResult, AsyncEvents, Events, SyncEvents, as_answer, read_final

if TYPE_CHECKING:
    from dhenara.ai.types import AIModelCallResponse

    from .results import EngineResult


SYNC_STREAM = "this stream comes from AiClient."
ASYNC_STREAM = "this stream comes from AsyncAiClient."
Hook = Callable[[AskResult], object]
Leaving = Callable[[ChatResponse], object]


class StreamBase(HintedNames):
    """What `AskStream` and `AsyncAskStream` have in common.

    `result` has the text received so far, also after the connection broke.
    """

    def __init__(self, prompt: str | None = None, provider: str | None = None) -> None:
        self._prompt = prompt
        self._provider = provider
        self._pieces: list[str] = []
        self._result: AskResult | None = None
        self._hooks: list[Hook] = []
        self._leaving: list[Leaving] = []
        self._over = False

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.result)!r}, ended={self._over})"

    @property
    def result(self) -> AskResult:
        """The result so far. Usage, cost and `response` are complete once the stream is over."""
        if self._result is not None:
            return self._result
        self._pieces = ["".join(self._pieces)]  # joined once, however often it is read
        return AskResult(self._pieces[0], prompt=self._prompt, provider=self._provider)

    @property
    def response(self) -> AIModelCallResponse | None:
        """The engine's whole response, once the stream has ended; of a tool run, the last one.

        If the stream broke or was closed, what had arrived. None for custom providers.

        Raises:
            ProviderConfigurationError: If the stream has not ended.
        """
        if not self._over and self._result is None:
            raise ProviderConfigurationError(
                "the stream has not ended. Read it to the end first; `result` has what has arrived so far."
            )
        events = self._source_events
        return None if events is None else events.response

    def partial(self) -> AskResult:
        """What has arrived so far, also after an error; the same as `result`."""
        return self.result

    @property
    def text_stream(self) -> Self:
        """This stream, under the name that the engine's streams have for their text."""
        return self

    def on_end(self, hook: Hook) -> None:
        """Registers a callback for the result of a complete answer.

        Args:
            hook: Called with the `AskResult` when the stream has ended without an error.
        """
        self._hooks.append(hook)

    def on_close(self, hook: Leaving) -> None:
        """Registers a callback for what was received when the stream breaks or is closed early.

        Args:
            hook: Called with the answer so far.
        """
        self._leaving.append(hook)

    @property
    def _source_events(self) -> Events | None:
        """The engine's stream once it is open; None before, and for custom providers."""
        return None

    def _read_event(self, event: object, final: EngineResult | None) -> str | None:
        """The text of one event; None for the last one."""
        if final is None:
            piece: str = getattr(event, "text_delta", "")
            self._pieces.append(piece)
            return piece
        self._over = True
        events = self._source_events
        self._end(read_final(final, self._prompt), None if events is None else events.error)
        return None

    def _end(self, result: AskResult, error: Exception | None = None) -> None:
        self._result = result
        if error is not None:
            self._notify_left()
            raise error
        self._leaving.clear()
        for hook in self._hooks:
            hook(result)

    def _notify_left(self) -> None:
        """Calls `on_close` hooks once. A tool run reports its outcome by `on_end` instead."""
        leaving, self._leaving = self._leaving, []
        if not leaving:
            return
        unfinished = as_answer(self.result).model_copy(update={"interrupted": True})
        events = self._source_events
        received = unfinished if events is None else events.partial()
        if isinstance(received, ChatResponse):
            for hook in leaving:
                hook(received)


class SyncStreamBase(StreamBase, Iterator[str]):
    """What sync streams have in common: a `with` block closes them."""

    if not TYPE_CHECKING:  # type checkers say by themselves that this is wrong

        async def __aenter__(self) -> Self:
            raise SyncAsyncMismatchError(f"{SYNC_STREAM} Write `with`, or use AsyncAiClient.")

        async def __aexit__(self, *_: object) -> None: ...

    @abstractmethod
    def close(self) -> None:
        """Ends the stream."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncStreamBase(StreamBase, AsyncIterator[str]):
    """What async streams have in common: an `async with` block closes them."""

    if not TYPE_CHECKING:

        def __iter__(self) -> Self:
            raise SyncAsyncMismatchError(f"{ASYNC_STREAM} Write `async for`, or use AiClient.")

        def __enter__(self) -> Self:
            raise SyncAsyncMismatchError(f"{ASYNC_STREAM} Write `async with`, or use AiClient.")

        def __exit__(self, *_: object) -> None: ...

    @abstractmethod
    async def aclose(self) -> None:
        """Ends the stream."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


class AskStream(SyncStreamBase):
    """A stream of text pieces. The request is sent when the first piece is read.

    Closing the stream, or its garbage collection, closes the connection.
    """

    def __init__(
        self,
        prepare: Callable[[], AnyCall[SyncEvents]],
        prompt: str | None = None,
        around: Around = nullcontext,
    ) -> None:
        super().__init__(prompt)
        self._prepare = prepare
        self._events: SyncEvents | None = None
        self._around = around

    @property
    def _source_events(self) -> Events | None:
        return self._events

    def __next__(self) -> str:
        while not self._over:
            with self._around():
                if self._events is None:
                    call = self._prepare()
                    self._events = call.read(call.send())
                event, final = next(self._events)
            if piece := self._read_event(event, final):
                return piece
        raise StopIteration

    def events(self) -> Iterator[tuple[object, EngineResult | None]]:
        """Iterates over all events in place of the text: `(event, None)`, and `(None, final)` at the end.

        Yields:
            The events of the engine's stream: chunks, and of a tool run its steps and tools.
        """
        try:
            while not self._over:
                with self._around():
                    if self._events is None:
                        call = self._prepare()
                        self._events = call.read(call.send())
                    event, final = next(self._events)
                yield event, final
                self._read_event(event, final)
        finally:
            self.close()

    def close(self) -> None:
        """Closes the connection; whether the provider then stops generating is up to it."""
        self._over = True
        if self._events is not None:
            self._events.close()
            self._notify_left()


class AsyncAskStream(AsyncStreamBase):
    """`AskStream` for `async for`."""

    def __init__(
        self,
        prepare: Callable[[], Awaitable[AnyAsyncCall[AsyncEvents]]],
        prompt: str | None = None,
        around: Around = nullcontext,
    ) -> None:
        super().__init__(prompt)
        self._prepare = prepare
        self._events: AsyncEvents | None = None
        self._around = around

    @property
    def _source_events(self) -> Events | None:
        return self._events

    async def __anext__(self) -> str:
        while not self._over:
            with self._around():
                if self._events is None:
                    call = await self._prepare()
                    self._events = call.read(await call.send())
                event, final = await anext(self._events)
            if piece := self._read_event(event, final):
                return piece
        raise StopAsyncIteration

    async def events(self) -> AsyncIterator[tuple[object, EngineResult | None]]:
        """Iterates over all events in place of the text; see `AskStream.events`."""
        try:
            while not self._over:
                with self._around():
                    if self._events is None:
                        call = await self._prepare()
                        self._events = call.read(await call.send())
                    event, final = await anext(self._events)
                yield event, final
                self._read_event(event, final)
        finally:
            await self.aclose()

    async def aclose(self) -> None:
        """Closes the connection; whether the provider then stops generating is up to it."""
        self._over = True
        if self._events is not None:
            await self._events.aclose()
            self._notify_left()


class ProviderStream(SyncStreamBase):
    """Wraps an iterator of strings returned by a custom provider."""

    def __init__(self, pieces: Iterator[str], prompt: str | None = None, provider: str | None = None) -> None:
        super().__init__(prompt, provider)
        self._source = pieces

    def __next__(self) -> str:
        try:
            piece = next(self._source, None)
        except Exception:
            self._notify_left()
            raise
        if piece is None:
            if self._result is None:
                self._end(self.result)
            raise StopIteration
        self._pieces.append(piece)
        return piece

    def close(self) -> None:
        """Closes the provider's iterator."""
        self._over = True
        close = getattr(self._source, "close", None)
        if close is not None:
            close()
        self._notify_left()


class AsyncProviderStream(AsyncStreamBase):
    """`ProviderStream` for `async for`."""

    def __init__(self, pieces: AsyncIterator[str], prompt: str | None = None, provider: str | None = None) -> None:
        super().__init__(prompt, provider)
        self._source = pieces

    async def __anext__(self) -> str:
        try:
            piece = await anext(self._source, None)
        except Exception:
            self._notify_left()
            raise
        if piece is None:
            if self._result is None:
                self._end(self.result)
            raise StopAsyncIteration
        self._pieces.append(piece)
        return piece

    async def aclose(self) -> None:
        """Closes the provider's iterator."""
        self._over = True
        close = getattr(self._source, "aclose", None)
        if close is not None:
            await close()
        self._notify_left()
