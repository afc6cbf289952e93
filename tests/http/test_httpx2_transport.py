"""httpx2 transports of users: decompression, limits and timeouts are the same as with the built-in client."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Iterator

import anyio
import httpx2
import pytest
import trio

from dhenara.ai import AIModelClient
from dhenara.ai.errors import CallError, CallTimeoutError
from support.worlds import endpoint

BODY = b'{"id":"x","model":"m","choices":[{"index":0,"message":{"content":"Hello!"},"finish_reason":"stop"}]}'
JSON = {"content-type": "application/json"}


class Endless(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """A body that never ends, as fast as it is read."""

    def __iter__(self) -> Iterator[bytes]:
        while True:
            yield b" " * 1_000

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            await anyio.sleep(0)
            yield b" " * 1_000


class Stalled(httpx2.AsyncByteStream):
    """A body that stops after its first bytes."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b" "
        await anyio.sleep_forever()


def test_a_compressed_response_is_read_by_sync_and_async_calls() -> None:
    packed = {**JSON, "content-encoding": "gzip"}
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, headers=packed, content=gzip.compress(BODY)))

    async def call() -> str:
        async with AIModelClient(endpoint("http://api.example"), transport=transport) as client:
            return (await client.generate_async("?")).chat_response.text()  # type: ignore[union-attr]

    with AIModelClient(endpoint("http://api.example"), transport=transport) as client:
        assert client.generate("?").chat_response.text() == "Hello!"  # type: ignore[union-attr]
    assert asyncio.run(call()) == trio.run(call) == "Hello!"


def test_the_total_timeout_applies_while_data_is_available() -> None:
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, headers=JSON, stream=Endless()))

    async def call() -> None:
        async with AIModelClient(endpoint("http://api.example"), transport=transport) as client:
            with pytest.raises(CallError):
                await client.generate_async("?", retries=0, timeout=0.2)

    with AIModelClient(endpoint("http://api.example"), transport=transport) as client, pytest.raises(CallError):
        client.generate("?", retries=0, timeout=0.2)
    asyncio.run(call())
    trio.run(call)


def test_a_stalled_body_times_out() -> None:
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, headers=JSON, stream=Stalled()))

    async def call() -> str:
        async with AIModelClient(endpoint("http://api.example"), transport=transport) as client:
            with pytest.raises(CallTimeoutError) as failed:
                await client.generate_async("?", retries=0, timeout=0.2)
        return failed.value.limit

    assert asyncio.run(call()) == "total"


def test_a_decompression_bomb_is_refused() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(b" " * 1_000_000) for _ in range(400)) + packer.flush()
    headers = {**JSON, "content-encoding": "gzip"}

    class Bomb(httpx2.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield bomb

    transport = httpx2.MockTransport(lambda _: httpx2.Response(500, headers=headers, stream=Bomb()))
    with (
        AIModelClient(endpoint("http://api.example"), transport=transport) as client,
        pytest.raises(CallError) as failed,
    ):
        client.generate("?", retries=0)
    assert len(str(failed.value.body)) < 10_000_000
