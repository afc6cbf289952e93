"""Bounds that hold over every transport, also those that read heads by themselves, and bounds that can be raised."""

from __future__ import annotations

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import ResponseTooLargeError
from dhenara.ai.types import ResponseLimits
from support.raw_server import OK_BODY, Connection, RawServer
from support.worlds import World, endpoint


def interim_without_end(connection: Connection) -> None:
    if connection.request():
        connection.flood(b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" * 100)


@pytest.mark.parametrize("transport", ["builtin", "httpx2", "aiohttp"])
def test_interim_responses_have_the_same_bound_over_every_transport(world: World, transport: str) -> None:
    if transport == "aiohttp" and world.name not in ("asyncio", "uvloop"):
        pytest.skip("aiohttp works on asyncio only")
    with RawServer(interim_without_end) as server:
        client = AIModelClient(endpoint(server.url), transport=transport)
        with pytest.raises(ResponseTooLargeError) as failed:
            world.run(client, "?", retries=0, timeout=60)
        assert failed.value.limit == "interim_responses"
        world.close(client)


def long_extension(connection: Connection) -> None:
    while connection.request():
        connection.send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n")
        connection.send(b"%x;%s\r\n%s\r\n0\r\n\r\n" % (len(OK_BODY), b"y" * 40_000, OK_BODY))


def test_a_chunk_extension_may_be_as_long_as_its_limit(world: World) -> None:
    with RawServer(long_extension) as server:
        client = AIModelClient(endpoint(server.url))
        assert world.run(client, "?", retries=0).chat_response.text() == "Hello!"
        with pytest.raises(ResponseTooLargeError) as failed:
            world.run(client, "?", retries=0, response_limits=ResponseLimits(chunk_extension_bytes=20_000))
        assert failed.value.limit == "chunk_extension_bytes"
        world.close(client)
