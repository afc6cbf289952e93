"""A streamed answer: pieces of text as they come, and the whole result once they are over."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Self

from .results import AskResult, as_answer, read_final

if TYPE_CHECKING:
    from dhenara.ai.types import ChatResponse

Hook = Callable[[AskResult], object]
Leaving = Callable[["ChatResponse"], object]
Around = Callable[[], AbstractContextManager[Any]]
"""What each step of a stream happens in: the tags and the cache policy of its call."""


class StreamBase:
    """What both colours have in common. `result` is what has arrived, also after the line broke."""

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
        """Usage, cost and the engine's answer are known once the stream is over."""
        if self._result is not None:
            return self._result
        self._pieces = ["".join(self._pieces)]  # joined once, however often this is looked at
        return AskResult(self._pieces[0], prompt=self._prompt, provider=self._provider)

    def on_end(self, hook: Hook) -> None:
        """Called with the result when the answer is complete."""
        self._hooks.append(hook)

    def on_close(self, hook: Leaving) -> None:
        """Called with what had arrived when the answer broke off, or was left before its end."""
        self._leaving.append(hook)

    def _read_event(self, event: Any, final: Any) -> str | None:
        """The words of one event; None when it was the last one."""
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
        """Tells once that nothing more will come. A run is more than an answer: it tells of itself by `on_end`."""
        leaving, self._leaving = self._leaving, []
        if not leaving:
            return
        text = as_answer(self.result).model_copy(update={"interrupted": True})
        received = self._events.partial() if self._events is not None else text
        for hook in leaving if hasattr(received, "contents") else ():
            hook(received)


class AskStream(StreamBase, Iterator[str]):
    """The request is sent when the first piece is asked for; closing or forgetting the stream ends it."""

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
        """Ends the request now: the provider stops, and so does the bill."""
        self._over = True
        if self._events is not None:
            self._events.close()
            self._notify_left()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncAskStream(StreamBase, AsyncIterator[str]):
    """The same for `async for`."""

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
        """Ends the request now."""
        self._over = True
        if self._events is not None:
            await self._events.aclose()
            self._notify_left()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()
