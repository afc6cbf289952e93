"""Streams of providers of one's own: any iterator of strings, with the whole result once it is over."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Self

from .ask_stream import Gathered
from .results import AskResult


class PlainStream(Gathered, Iterator[str]):
    """The same around any iterator of strings, such as a provider of one's own returns."""

    def __init__(self, pieces: Iterator[str], prompt: str | None = None, provider: str | None = None) -> None:
        super().__init__(prompt)
        self._source = pieces
        self._provider = provider

    def __next__(self) -> str:
        piece = next(self._source, None)
        if piece is None:
            if self._result is None:
                self._end(AskResult("".join(self._pieces), prompt=self._prompt, provider=self._provider))
            raise StopIteration
        self._pieces.append(piece)
        return piece

    def close(self) -> None:
        close = getattr(self._source, "close", None)
        if close is not None:
            close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncPlainStream(Gathered, AsyncIterator[str]):
    """The same for `async for`."""

    def __init__(self, pieces: AsyncIterator[str], prompt: str | None = None, provider: str | None = None) -> None:
        super().__init__(prompt)
        self._source = pieces
        self._provider = provider

    async def __anext__(self) -> str:
        piece = await anext(self._source, None)
        if piece is None:
            if self._result is None:
                self._end(AskResult("".join(self._pieces), prompt=self._prompt, provider=self._provider))
            raise StopAsyncIteration
        self._pieces.append(piece)
        return piece

    async def aclose(self) -> None:
        close = getattr(self._source, "aclose", None)
        if close is not None:
            await close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()
