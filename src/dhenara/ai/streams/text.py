"""Streams of text alone: the pieces of a stream of a call, a conversation or a run, without chunks and events."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any, Generic, Protocol, Self, TypeVar

from ..errors import CallError, SyncAsyncMismatchError
from ..lazy_package import HintedNames
from ..types.chat.response import AIModelCallResponse, ChatResponse
from ..types.chat.run import Run

SYNC_STREAM = "this stream comes from a sync method."
ASYNC_STREAM = "this stream comes from an async method."
NOT_ENDED = "the stream has not ended. Read it to the end first; partial() has what has arrived so far."


class AnswerStream(Protocol):
    """What the streams have in common."""

    @property
    def response(self) -> AIModelCallResponse: ...

    @property
    def error(self) -> CallError | None: ...

    def partial(self) -> Any: ...


class SyncSource(AnswerStream, Protocol):
    def __next__(self) -> tuple[Any, Any]: ...

    def close(self) -> None: ...


class AsyncSource(AnswerStream, Protocol):
    async def __anext__(self) -> tuple[Any, Any]: ...

    async def aclose(self) -> None: ...


class ReadBySync:
    """Mixin of sync streams: says what to write if they are read by async code. Type checkers say it by themselves."""

    if not TYPE_CHECKING:

        async def __aenter__(self) -> Self:
            raise SyncAsyncMismatchError(f"{SYNC_STREAM} Write `with`, or call the async method.")

        async def __aexit__(self, *_: object) -> None: ...


class ReadBySyncFor(ReadBySync):
    """The same for `async for`. Not for streams of text or bytes: Starlette reads them in a thread, unless they have
    `__aiter__`.
    """

    if not TYPE_CHECKING:

        def __aiter__(self) -> Self:
            raise SyncAsyncMismatchError(f"{SYNC_STREAM} Write `for`, or call the async method.")


class ReadByAsync:
    """Mixin of async streams: says what to write if they are read by sync code."""

    if not TYPE_CHECKING:

        def __iter__(self) -> Self:
            raise SyncAsyncMismatchError(f"{ASYNC_STREAM} Write `async for`, or call the sync method.")

        def __enter__(self) -> Self:
            raise SyncAsyncMismatchError(f"{ASYNC_STREAM} Write `async with`, or call the sync method.")

        def __exit__(self, *_: object) -> None: ...


class TextStreamBase(HintedNames):
    """What `TextStream` and `AsyncTextStream` have in common."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._over = False

    @property
    def response(self) -> AIModelCallResponse:
        """The whole response, once the stream has ended or was closed; of a run, the last one.

        Raises:
            ConfigurationError: If the stream has not ended.
        """
        response: AIModelCallResponse = self._stream.response
        return response

    def partial(self) -> ChatResponse | Run[Any]:
        """Return what has arrived so far, also after an error."""
        received: ChatResponse | Run[Any] = self._stream.partial()
        return received

    def _end(self) -> None:
        self._over = True
        error: CallError | None = self._stream.error
        if error is not None:
            raise error


class TextStream(ReadBySync, TextStreamBase, Iterator[str]):
    """Iterator over the text of an answer, as it arrives. An error that ends the answer is raised.

    `response` is the whole response, once the stream has ended. Closing the stream, or its garbage collection, closes
    the connection.
    """

    def __init__(self, stream: SyncSource, read: Callable[[], tuple[Any, Any]] | None = None) -> None:
        super().__init__(stream)
        self._read = read or stream.__next__
        """Returns the next event, or its text in the place of the event."""

    def __next__(self) -> str:
        while not self._over:
            event, final = self._read()
            if final is not None:
                self._end()
            elif piece := event if event.__class__ is str else text_of(event):
                return piece
        raise StopIteration

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; whether the provider then stops generating is up to it."""
        self._over = True
        self._stream.close()


class AsyncTextStream(ReadByAsync, TextStreamBase, AsyncIterator[str]):
    """Async version of `TextStream`."""

    def __init__(self, stream: AsyncSource, read: Callable[[], Awaitable[tuple[Any, Any]]] | None = None) -> None:
        super().__init__(stream)
        self._read_async = read or stream.__anext__

    async def __anext__(self) -> str:
        while not self._over:
            event, final = await self._read_async()
            if final is not None:
                self._end()
            elif piece := event if event.__class__ is str else text_of(event):
                return piece
        raise StopAsyncIteration

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connection; whether the provider then stops generating is up to it."""
        self._over = True
        await self._stream.aclose()


T = TypeVar("T")


class RunTextStream(TextStream, Generic[T]):
    """Iterator over the text of all answers of a run. `run` is the whole run, once the stream has ended."""

    @property
    def run(self) -> Run[T]:
        """The run.

        Raises:
            ConfigurationError: If the stream has not ended.
        """
        run: Run[T] = self._stream.run
        return run


class AsyncRunTextStream(AsyncTextStream, Generic[T]):
    """Async version of `RunTextStream`."""

    @property
    def run(self) -> Run[T]:
        """The run.

        Raises:
            ConfigurationError: If the stream has not ended.
        """
        run: Run[T] = self._stream.run
        return run


def text_of(event: object) -> str:
    """Return the new text of a chunk, or of the text that a stream returns for it; other events of a run have none."""
    if isinstance(event, str):
        return event
    text: str = getattr(event, "text_delta", "")
    return text
