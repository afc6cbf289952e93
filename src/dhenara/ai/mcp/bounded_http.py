"""Limits the size of MCP messages over HTTP, as a response hook of httpx2."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2

from ..wire.limits import DEFAULT_LIMITS

MOST = DEFAULT_LIMITS.event_bytes
"""Largest message in bytes: a JSON body, or one event of a stream."""


async def bound_response(response: httpx2.Response) -> None:
    """Make reading fail if a message exceeds `MOST` bytes.

    Raises:
        httpx2.DecodingError: If the body is compressed although that was not requested, so its size is unknown.
    """
    if response.headers.get("content-encoding", "identity") != "identity":
        raise httpx2.DecodingError("the server compressed its response, which was not requested")
    if isinstance(response.stream, httpx2.AsyncByteStream):
        response.stream = BoundedStream(response.stream, MOST)


class BoundedStream(httpx2.AsyncByteStream):
    """The bytes of a response; a blank line restarts the count."""

    def __init__(self, inner: httpx2.AsyncByteStream, most: int) -> None:
        self._inner = inner
        self._most = most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        waiting = 0
        async for piece in self._inner:
            waiting += len(piece)
            if waiting > self._most:
                raise httpx2.ReadError(f"the server sent a message of more than {self._most} bytes")
            end = max(piece.rfind(b"\n\n"), piece.rfind(b"\r\n\r\n"))
            if end >= 0:
                waiting = len(piece) - end
            yield piece

    async def aclose(self) -> None:
        await self._inner.aclose()
