"""Streams of a conversation, which add the turn when they end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

from ..errors import CallError
from ..streams.chat import AsyncStream, ChatStreamBase, SyncStream
from ..streams.text import AsyncTextStream, TextStream
from ..types.chat.report import Fingerprint
from ..types.chat.response import AIModelCallResponse, ChatResponse
from ..types.chat.stream import StreamEvent

Keep = Callable[[ChatResponse, Fingerprint | None], None]


class TurnWriter:
    """Adds the turn once: complete, or with what was received."""

    def __init__(self, keep: Keep) -> None:
        self._keep: Keep | None = keep

    def write(self, answer: ChatResponse, fingerprint: Fingerprint | None = None) -> None:
        keep, self._keep = self._keep, None
        if keep is not None and (answer.contents or not answer.interrupted):
            keep(answer, fingerprint)


class ConversationStreamBase:
    """Base of the sync and async streams of conversations."""

    def __init__(self, stream: ChatStreamBase, keep: Keep) -> None:
        self._received = stream
        self._stored = TurnWriter(keep)

    @property
    def response(self) -> AIModelCallResponse:
        """The whole response, once the stream has ended; if it was interrupted or closed, what had arrived.

        Raises:
            ConfigurationError: If the stream has not ended.
        """
        return self._received.response

    @property
    def error(self) -> CallError | None:
        """The error that interrupted the stream, or None."""
        return self._received.error

    def partial(self) -> ChatResponse:
        """Return the response so far, also after the stream was interrupted or closed."""
        return self._received.partial()


class ConversationStream(ConversationStreamBase):
    """Iterator of `(chunk, final)`; closing it adds the turn with the text received so far."""

    def __init__(self, stream: SyncStream, keep: Keep) -> None:
        super().__init__(stream, keep)
        self._stream = stream

    @property
    def text_stream(self) -> TextStream:
        """Iterator over the text alone."""
        return TextStream(self)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> StreamEvent:
        chunk, final = next(self._stream)
        if final is not None:
            self._stored.write(self._stream.partial(), final.fingerprint)
        return chunk, final

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection, and add the turn with the text received so far."""
        self._stream.close()
        self._stored.write(self._stream.partial())


class AsyncConversationStream(ConversationStreamBase):
    """Async version of `ConversationStream`."""

    def __init__(self, stream: AsyncStream, keep: Keep) -> None:
        super().__init__(stream, keep)
        self._stream = stream

    @property
    def text_stream(self) -> AsyncTextStream:
        """Iterator over the text alone."""
        return AsyncTextStream(self)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> StreamEvent:
        chunk, final = await anext(self._stream)
        if final is not None:
            self._stored.write(self._stream.partial(), final.fingerprint)
        return chunk, final

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connection, and add the turn with the text received so far."""
        await self._stream.aclose()
        self._stored.write(self._stream.partial())
