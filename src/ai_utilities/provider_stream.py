"""Streams of custom providers: any iterator of strings, with the whole result at the end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Self

from .ask_stream import StreamBase


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
        close = getattr(self._source, "aclose", None)
        if close is not None:
            await close()
        self._notify_left()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()
