"""Streams of a conversation, which add the turn when they end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

from ..streams.chat import AsyncStream, SyncStream
from ..types.chat.report import Fingerprint
from ..types.chat.response import ChatResponse
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


class ConversationStream:
    """Iterator of `(chunk, final)`; closing it adds the turn with the text received so far."""

    def __init__(self, stream: SyncStream, keep: Keep) -> None:
        self._stream = stream
        self._stored = TurnWriter(keep)

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

    def partial(self) -> ChatResponse:
        return self._stream.partial()

    def close(self) -> None:
        self._stream.close()
        self._stored.write(self._stream.partial())


class AsyncConversationStream:
    """Async version of `ConversationStream`."""

    def __init__(self, stream: AsyncStream, keep: Keep) -> None:
        self._stream = stream
        self._stored = TurnWriter(keep)

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

    def partial(self) -> ChatResponse:
        return self._stream.partial()

    async def aclose(self) -> None:
        await self._stream.aclose()
        self._stored.write(self._stream.partial())
