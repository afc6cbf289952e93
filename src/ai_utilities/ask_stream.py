"""Streams of text: those of the engine, and those that a custom provider yields as pieces."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Self

from .exceptions import ProviderConfigurationError
from .results import AskResult, as_answer, read_final

if TYPE_CHECKING:
    from dhenara.ai.types import AIModelCallResponse, ChatResponse


Hook = Callable[[AskResult], object]
Leaving = Callable[["ChatResponse"], object]
Around = Callable[[], AbstractContextManager[Any]]
"""Context in which each step of a stream runs: the tags and cache policy of its call."""


class StreamBase:
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
        self._events: Any = None
        self._over = False

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
        response: AIModelCallResponse | None = None if self._events is None else self._events.response
        return response

    @property
    def text_stream(self) -> Self:
        """This stream, under the name that the engine's streams have for their text."""
        return self

    def on_end(self, hook: Hook) -> None:
        """Registers a callback for the result of a complete answer."""
        self._hooks.append(hook)

    def on_close(self, hook: Leaving) -> None:
        """Registers a callback for what was received when the stream breaks or is closed early."""
        self._leaving.append(hook)

    def _read_event(self, event: Any, final: Any) -> str | None:
        """The text of one event; None for the last one."""
        if final is None:
            piece: str = getattr(event, "text_delta", "")
            self._pieces.append(piece)
            return piece
        self._over = True
        self._end(read_final(final, self._prompt), getattr(self._events, "error", None))
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
        received = self._events.partial() if self._events is not None else unfinished
        for hook in leaving if hasattr(received, "contents") else ():
            hook(received)


class AskStream(StreamBase, Iterator[str]):
    """A stream of text pieces. The request is sent when the first piece is read.

    Closing the stream, or its garbage collection, closes the connection.
    """

    def __init__(self, opened: Callable[[], Any], prompt: str | None = None, around: Around = nullcontext) -> None:
        super().__init__(prompt)
        self._opened = opened
        self._around = around

    def __next__(self) -> str:
        while not self._over:
            with self._around():
                if self._events is None:
                    self._events = self._opened()
                event, final = next(self._events)
            if piece := self._read_event(event, final):
                return piece
        raise StopIteration

    def close(self) -> None:
        """Closes the connection, so the provider stops generating."""
        self._over = True
        if self._events is not None:
            self._events.close()
            self._notify_left()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncAskStream(StreamBase, AsyncIterator[str]):
    """`AskStream` for `async for`."""

    def __init__(
        self, opened: Callable[[], Coroutine[Any, Any, Any]], prompt: str | None = None, around: Around = nullcontext
    ) -> None:
        super().__init__(prompt)
        self._opened = opened
        self._around = around

    async def __anext__(self) -> str:
        while not self._over:
            with self._around():
                if self._events is None:
                    self._events = await self._opened()
                event, final = await anext(self._events)
            if piece := self._read_event(event, final):
                return piece
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Closes the connection, so the provider stops generating."""
        self._over = True
        if self._events is not None:
            await self._events.aclose()
            self._notify_left()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


class ProviderStream(StreamBase, Iterator[str]):
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

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncProviderStream(StreamBase, AsyncIterator[str]):
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

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()
