"""Bounds on what an MCP server may send over HTTP, as a hook for the responses of httpx2."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2

from ..wire.limits import DEFAULT_LIMITS

MOST = DEFAULT_LIMITS.event_bytes
"""Bytes of one message: a body of JSON, or an event of a stream, which as a whole may be of any length."""


async def bound_response(response: httpx2.Response) -> None:
    """Makes reading the response fail where a message has more than `MOST` bytes.

    Raises:
        httpx2.DecodingError: the body is compressed, which was not asked for, so that its size is unknown.
    """
    if response.headers.get("content-encoding", "identity") != "identity":
        raise httpx2.DecodingError("the server compressed its answer, which was not asked for")
    if isinstance(response.stream, httpx2.AsyncByteStream):
        response.stream = BoundedStream(response.stream, MOST)


class BoundedStream(httpx2.AsyncByteStream):
    """The bytes of a response; a blank line begins to count anew."""

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
