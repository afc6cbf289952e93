"""A streamed answer: pieces of text as they come, and the whole result once they are over."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import TYPE_CHECKING, Any, Self

from .results import AskResult, read_result

if TYPE_CHECKING:
    from dhenara.ai.types import AIModelCallResponse

Hook = Callable[[AskResult], object]


class Gathered:
    """What both colours have in common. `result` is what has arrived, also after the line broke."""

    def __init__(self, prompt: str | None = None) -> None:
        self._prompt = prompt
        self._pieces: list[str] = []
        self._result: AskResult | None = None
        self._hooks: list[Hook] = []

    @property
    def result(self) -> AskResult:
        """Usage, cost and the engine's answer are known once the stream is over."""
        return self._result if self._result is not None else AskResult("".join(self._pieces), prompt=self._prompt)

    def on_end(self, hook: Hook) -> None:
        """Called with the result when the answer is complete."""
        self._hooks.append(hook)

    def _end(self, result: AskResult, error: Exception | None = None) -> None:
        self._result = result
        if error is not None:
            raise error
        for hook in self._hooks:
            hook(result)


class AskStream(Gathered, Iterator[str]):
    """The request is sent when the first piece is asked for; closing or forgetting the stream ends it."""

    def __init__(self, opened: Callable[[], AIModelCallResponse], prompt: str | None = None) -> None:
        super().__init__(prompt)
        self._opened = opened
        self._events: Any = None
        self._over = False

    def __next__(self) -> str:
        if self._over:
            raise StopIteration
        if self._events is None:
            self._events = self._opened().stream_generator
        for chunk, final in self._events:
            if final is not None:
                break
            piece: str = chunk.text_delta
            if piece:
                self._pieces.append(piece)
                return piece
        self._over = True
        self._end(read_result(final, self._prompt), self._events.error)
        raise StopIteration

    def close(self) -> None:
        """Ends the request now: the provider stops, and so does the bill."""
        self._over = True
        if self._events is not None:
            self._events.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncAskStream(Gathered, AsyncIterator[str]):
    """The same for `async for`."""

    def __init__(
        self, opened: Callable[[], Coroutine[Any, Any, AIModelCallResponse]], prompt: str | None = None
    ) -> None:
        super().__init__(prompt)
        self._opened = opened
        self._events: Any = None
        self._over = False

    async def __anext__(self) -> str:
        if self._over:
            raise StopAsyncIteration
        if self._events is None:
            self._events = (await self._opened()).stream_generator
        async for chunk, final in self._events:
            if final is not None:
                break
            piece: str = chunk.text_delta
            if piece:
                self._pieces.append(piece)
                return piece
        self._over = True
        self._end(read_result(final, self._prompt), self._events.error)
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Ends the request now."""
        self._over = True
        if self._events is not None:
            await self._events.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()
