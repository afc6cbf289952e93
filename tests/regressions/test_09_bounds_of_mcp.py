"""What an MCP server sends over HTTP is bounded, message by message."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import anyio
import httpx2
import pytest

from dhenara.ai.errors import DhenaraError
from dhenara.ai.mcp import MCPServer
from dhenara.ai.mcp.transports import BoundedStream, bound_response
from support.raw_server import Connection, RawServer


class Pieces(httpx2.AsyncByteStream):
    def __init__(self, *pieces: bytes) -> None:
        self._pieces = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece

    async def aclose(self) -> None: ...


async def read(stream: BoundedStream) -> int:
    return sum([len(piece) async for piece in stream])


def test_a_message_that_is_too_long_is_not_read_to_its_end() -> None:
    with pytest.raises(httpx2.ReadError, match="more than 100 bytes"):
        anyio.run(read, BoundedStream(Pieces(b"x" * 60, b"x" * 60), 100))


def test_many_messages_may_be_longer_together() -> None:
    assert anyio.run(read, BoundedStream(Pieces(*[b"data: x\n\n" * 5] * 100), 100)) == 4_500


def test_a_compressed_response_that_was_not_requested_is_refused() -> None:
    response = httpx2.Response(200, headers={"content-encoding": "gzip"}, stream=Pieces(b""))
    with pytest.raises(httpx2.DecodingError):
        anyio.run(bound_response, response, 100)


def test_a_server_that_sends_without_end_is_a_typed_error() -> None:
    def serve(connection: Connection) -> None:
        if connection.request():
            connection.send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n")
            connection.flood(b" " * 10_000)

    def use(url: str) -> Any:
        with MCPServer(url, max_message_bytes=100_000) as opened:
            return opened

    with RawServer(serve) as server, pytest.raises(DhenaraError):
        use(server.url)
